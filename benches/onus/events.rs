//! The event that is measured: an action of about 1 kB with twenty fields, as in design/PERFORMANCE.md.

/// The delegation all of them stand under.
pub(crate) const DELEGATION: &str = r#"{"type":"delegation.granted","event_id":"grant","occurred_at":"2026-11-24T00:00:00Z","delegation_id":"dlg-bench",
"delegator":{"kind":"human","id":"user:ana@example.com"},"delegate":{"agent_id":"agent:refunds"},"human_principal_id":"user:ana@example.com",
"scope":["orders:refund","orders:read"],"issued_at":"2026-11-24T00:00:00Z","expires_at":"2036-11-24T00:00:00Z"}"#;

/// The action number `n` of a run called `run`.
pub(crate) fn action(run: &str, n: usize) -> String {
    let event = format!(
        r#"{{"type":"action.recorded","event_id":"{run}-{n}","occurred_at":"2026-11-24T10:00:00.123Z","action_id":"act-{run}-{n}",
"actor":{{"caller_class":"agent","human_principal_id":"user:ana@example.com","agent_id":"agent:refunds","instance_id":"run-{}","delegation_id":"dlg-bench","model_version":"gpt-4o-2024-08-06","prompt_id":"refunds@v17","prompt_sha256":"abababababababababababababababababababababababababababababababab"}},
"request":{{"idempotency_key":"refund-{n}","trace_id":"4bf92f3577b34da6a3ce929d{:08x}","span_id":"00f067aa{:08x}"}},
"decision":{{"policy_version":"refunds-2026-11-03.4","effect":"allow"}},
"action":{{"name":"orders.refund","resource":"order:W{n}","required_scope":["orders:refund"],"arguments":{{"amount_cents":{},"order":"W{n}","note":"the lamp arrived broken"}}}},
"outcome":{{"status":"succeeded","duration_ms":184,"usage":{{"input_tokens":812,"output_tokens":64}}}},
"trigger":{{"kind":"human_message","principal_id":"user:ana@example.com","reference":"msg-3"}},"context":[]}}"#,
        n % 997,
        n / 8,
        n,
        100 + n % 50_000
    );
    event.replace('\n', "")
}
