//! Every refusal and failure the API knows: one table from code to status, title, what may be done. No code is ever renamed;
//! each has a page at `/problems/<code>`.
//!
//! Suggestions are read by models: they are fixed texts and never echo what a caller sent.

/// What a caller can do about a problem, for programs to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecoveryAction {
    /// Change the request as `errors` says.
    FixRequest,
    /// Send the identical request again after `retry_after_seconds`, with the same Idempotency-Key and event_id.
    RetrySameRequest,
    /// Use a new Idempotency-Key for what is a new request.
    UseNewIdempotencyKey,
    /// Use a new event_id for what is a new event.
    UseNewEventId,
    /// Present a valid credential.
    Authenticate,
    /// Ask whoever issues credentials for one that may do this.
    RequestPermission,
    /// Start the list again without a cursor.
    RestartList,
    /// Send less at once.
    SplitRequest,
    /// Open the page again and submit its form.
    ReloadPage,
    /// Ask for a new one-time link.
    RequestNewLink,
    /// A human has to open the confirmation page.
    AskHumanToOpenConfirmationUrl,
    /// Look again whether the human has decided.
    PollConfirmation,
    /// Send the request again and name the confirmation.
    ResendWithConfirmationId,
    /// Tell the operator of this ledger, with the request id.
    ContactOperator,
}

impl RecoveryAction {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FixRequest => "fix_request",
            Self::RetrySameRequest => "retry_same_request",
            Self::UseNewIdempotencyKey => "use_new_idempotency_key",
            Self::UseNewEventId => "use_new_event_id",
            Self::Authenticate => "authenticate",
            Self::RequestPermission => "request_permission",
            Self::RestartList => "restart_list",
            Self::SplitRequest => "split_request",
            Self::ReloadPage => "reload_page",
            Self::RequestNewLink => "request_new_link",
            Self::AskHumanToOpenConfirmationUrl => "ask_human_to_open_confirmation_url",
            Self::PollConfirmation => "poll_confirmation",
            Self::ResendWithConfirmationId => "resend_with_confirmation_id",
            Self::ContactOperator => "contact_operator",
        }
    }
}

/// What the table says of a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeRow {
    /// The word of the wire, and the end of the problem's `type`.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// One line for people; the same for every occurrence.
    pub title: &'static str,
    /// After how many seconds the identical request may succeed; `None`: never without change.
    pub retry_after_seconds: Option<u32>,
    /// What to do, in words.
    pub suggestion: &'static str,
    /// What to do, for programs.
    pub recovery_actions: &'static [RecoveryAction],
}

/// One line a code: name, word, status, retry (`final`, or the seconds to wait), title, suggestion, recovery actions.
macro_rules! problem_codes {
    ($($name:ident $code:literal $status:literal $retry:tt $title:literal, $suggestion:literal, [$($action:ident),+];)+) => {
        /// Why a request was not done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// All of them, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What the table says of it.
            pub const fn row(self) -> CodeRow {
                match self {
                    $(Self::$name => CodeRow {
                        code: $code,
                        status: $status,
                        title: $title,
                        retry_after_seconds: problem_codes!(@retry $retry),
                        suggestion: $suggestion,
                        recovery_actions: &[$(RecoveryAction::$action),+],
                    },)+
                }
            }
        }
    };
    (@retry final) => { None };
    (@retry $seconds:literal) => { Some($seconds) };
}

problem_codes! {
    // The request as such.
    NotFound "not_found" 404 final "There is nothing here",
        "Check the path and the id. What a credential may not see is answered like what does not exist.", [FixRequest];
    MethodNotAllowed "method_not_allowed" 405 final "This path does not know that method",
        "Use one of the methods named in the Allow header.", [FixRequest];
    MalformedRequest "malformed_request" 400 final "This is no HTTP request",
        "Speak HTTP/1.1 to this address; to reach it over TLS, go through the proxy in front of it.", [FixRequest];
    RequestTimeout "request_timeout" 408 1 "The request did not arrive in time",
        "Send the request again, over a faster connection or in smaller parts.", [RetrySameRequest, SplitRequest];
    PayloadTooLarge "payload_too_large" 413 final "The body is too large",
        "Keep an event within 4 MiB and a batch within 32 MiB, counted after decompression; report long contents by hash.", [SplitRequest];
    UriTooLong "uri_too_long" 414 final "The address is too long",
        "Shorten the query.", [FixRequest];
    UnsupportedMediaType "unsupported_media_type" 415 final "This kind of body is not read here",
        "Set Content-Type as the documentation of this operation says; Content-Encoding may be gzip or absent.", [FixRequest];
    HeadersTooLarge "headers_too_large" 431 final "The headers are too large",
        "Send fewer or shorter headers.", [FixRequest];
    BodyIncomplete "body_incomplete" 400 final "The body ended early or could not be unpacked",
        "Send the whole body; check Content-Length and the compression.", [FixRequest];
    MalformedJson "malformed_json" 400 final "The body is not JSON",
        "Send one JSON value in UTF-8; the detail names line and column.", [FixRequest];
    DuplicateMember "duplicate_member" 400 final "One object names a member twice",
        "Name each member of an object once: which of two values counts would be anybody's guess.", [FixRequest];
    NumberNotExact "number_not_exact" 400 final "A number cannot be kept exactly",
        "Write integers within 2^53-1 and fractions of at most 17 digits, or send the number as a string.", [FixRequest];
    ReservedName "reserved_name" 400 final "A member's name is reserved",
        "Rename members called _sd, _sd_alg or ...: they belong to selective disclosure.", [FixRequest];
    TooDeep "too_deep" 400 final "The JSON is nested too deeply",
        "Nest at most 32 levels of objects and arrays.", [FixRequest];
    ValidationFailed "validation_failed" 422 final "Members of the request are missing or wrong",
        "Correct every member listed in errors and send the request again.", [FixRequest];
    UnknownParameter "unknown_parameter" 400 final "The query names an unknown parameter",
        "Use only the parameters this operation documents; unknown ones are refused so that no filter is silently ignored.", [FixRequest];
    InvalidParameter "invalid_parameter" 400 final "A parameter of the query is wrong",
        "Correct the parameters listed in errors; each may be given once.", [FixRequest];
    InvalidCursor "invalid_cursor" 400 final "The cursor does not belong to this list",
        "Start the list again without a cursor; keep every other parameter the same while paging.", [RestartList];

    // Who calls.
    Unauthenticated "unauthenticated" 401 final "A valid credential is required",
        "Send Authorization: Bearer with a token of this ledger, or sign in.", [Authenticate];
    CredentialExpired "credential_expired" 401 final "The credential has expired",
        "Use a rotated or newly issued credential.", [Authenticate];
    CredentialRevoked "credential_revoked" 401 final "The credential was revoked",
        "Use another credential; a revoked one never works again.", [Authenticate];
    PermissionMissing "permission_missing" 403 final "The credential may not do this",
        "Use a credential with the permission that this operation documents.", [RequestPermission];
    CallerClassNotAllowed "caller_class_not_allowed" 403 final "This operation is not for this class of caller",
        "Use a credential of a class that this operation documents.", [RequestPermission];
    HumanSessionRequired "human_session_required" 403 final "Only a signed-in person may do this",
        "Ask a person to sign in and do it; no token stands in for her.", [Authenticate];
    CsrfFailed "csrf_failed" 403 final "The form did not come from this site's own page",
        "Open the page again and submit its form; scripts send X-CSRF-Token.", [ReloadPage];
    LinkExpired "link_expired" 410 final "This sign-in link no longer works",
        "A link works once and for a limited time: ask for a new one.", [RequestNewLink];
    AgentIdNotYours "agent_id_not_yours" 403 final "An agent reports only what it did itself",
        "Name the agent_id of the credential, or report through the service that is entitled to.", [FixRequest];
    NotTheDelegate "not_the_delegate" 403 final "An agent passes on only what was given to it",
        "Name a parent delegation whose delegate is this agent.", [FixRequest];
    NotYourOwnName "not_your_own_name" 403 final "A person acts only in her own name",
        "Name the principal who is signed in.", [FixRequest];
    ReportsForExceeded "reports_for_exceeded" 403 final "The credential does not speak for that name",
        "Use a credential whose reports_for or grants_for matches the name.", [RequestPermission];
    RootDelegationByAgent "root_delegation_by_agent" 403 final "An agent cannot create a root delegation",
        "Name the parent_delegation_id that this delegation passes on.", [FixRequest];
    NotTheRevoker "not_the_revoker" 403 final "The credential may not revoke this delegation",
        "The root's person, an operator, an admin, a service that grants for the person, or the giving agent may.", [RequestPermission];

    // Sent again.
    IdempotencyKeyRequired "idempotency_key_required" 400 final "An Idempotency-Key is required",
        "Send an Idempotency-Key that is new for each request and the same for each retry.", [FixRequest];
    IdempotencyKeyInvalid "idempotency_key_invalid" 400 final "The Idempotency-Key is malformed",
        "Use 8 to 255 visible ASCII characters, quoted or bare, once.", [FixRequest];
    IdempotencyKeyReused "idempotency_key_reused" 422 final "The Idempotency-Key was used for another request",
        "Use a new key for a new request; a retry sends the same body and query.", [UseNewIdempotencyKey];
    RequestInFlight "request_in_flight" 409 1 "The same request is still being worked on",
        "Wait and send the same request again: it will be answered, not done twice.", [RetrySameRequest];
    EventIdConflict "event_id_conflict" 409 final "The event_id was used for a different event",
        "Use a new event_id for a new event; the ledger keeps what was reported first.", [UseNewEventId];
    EventErased "event_erased" 409 final "The event was recorded and partly erased since",
        "Do not send it again: it cannot be compared with what was erased, and nothing was stored.", [ContactOperator];
    TooManyReports "too_many_reports" 409 final "The action has been reported too often",
        "An action has few reports, one for each step of each side: use a new action_id for a new action.", [FixRequest];
    DelegationIdConflict "delegation_id_conflict" 409 final "The delegation_id is taken",
        "Use a new delegation_id, or leave it out and the ledger makes one.", [FixRequest];

    // Looked at before it is done.
    PreviewRequired "preview_required" 422 final "This reaches so much that it has to be looked at first",
        "Send the same request with ?preview=true, show its answer to whoever decides, then name its preview_token.", [FixRequest];
    PreviewNotFound "preview_not_found" 404 final "This preview_token is not one of this request",
        "Use the token as it was given, with the same credential and the same request; or preview again.", [FixRequest];
    PreviewExpired "preview_expired" 410 final "The preview has expired",
        "Preview again, look at what is affected now, then send the new token.", [FixRequest];
    PreviewStale "preview_stale" 409 final "More is affected now than the preview showed",
        "Look at what was added, preview again, then send the new token.", [FixRequest];

    // Batches.
    BatchTooLarge "batch_too_large" 413 final "The batch has too many events",
        "Send at most 10 000 events at once.", [SplitRequest];
    BatchRefused "batch_refused" 422 final "A line was refused, so nothing of the batch was recorded",
        "Correct the lines listed in results, or send without atomic=true to record the good ones.", [FixRequest];

    // Delegation tokens.
    TokenMalformed "token_malformed" 422 final "The token is not a signed JWT",
        "Send the compact form of a JWS: three parts of base64url with I-JSON inside.", [FixRequest];
    TokenTooLarge "token_too_large" 422 final "The token is too large",
        "Send a token with fewer claims.", [FixRequest];
    TokenActTooDeep "token_act_too_deep" 422 final "The token's chain of actors is too long",
        "Exchange the token for one with a shorter history.", [FixRequest];
    TokenAlgorithmNotAllowed "token_algorithm_not_allowed" 422 final "The token's algorithm is not accepted",
        "Have it signed with EdDSA, ES256, ES384, RS256 to RS512 or PS256 to PS512.", [FixRequest];
    TokenIssuerUnknown "token_issuer_unknown" 422 final "The token's issuer is not trusted here",
        "Use a token of a trusted issuer, or report the delegation without a token.", [FixRequest, ContactOperator];
    TokenKeyUnknown "token_key_unknown" 422 final "The token's key is not among its issuer's keys",
        "Use a token signed with a published key; after a rotation the operator renews the issuer's key set.", [ContactOperator];
    TokenSignatureInvalid "token_signature_invalid" 422 final "The token's signature does not verify",
        "Send the token exactly as it was issued.", [FixRequest];
    TokenAudienceWrong "token_audience_wrong" 422 final "The token is for another audience",
        "Request a token for the audience that is demanded of its issuer.", [FixRequest];
    TokenExpired "token_expired" 422 final "The token has expired",
        "Obtain a new token.", [FixRequest];
    TokenNotYetValid "token_not_yet_valid" 422 final "The token is not valid yet",
        "Send it again once it is valid; if it should be, check both clocks.", [FixRequest];
    TokenWithoutExpiry "token_without_expiry" 422 final "The token has no end",
        "Have it issued with exp: a delegation without end is refused.", [FixRequest];
    TokenWithoutSubject "token_without_subject" 422 final "The token names no human",
        "Have it issued with a sub that is neither the client nor the actor.", [FixRequest];
    TokenWithoutActor "token_without_actor" 422 final "The token names no agent",
        "Have it issued with act.sub, or with azp or client_id where there is no act.", [FixRequest];

    // Humans asked.
    RequiresHumanConfirmation "requires_human_confirmation" 403 final "A human has to confirm this action first",
        "Ask the human to open confirmation_url, poll the confirmation, then send the request again and name it.",
        [AskHumanToOpenConfirmationUrl, PollConfirmation, ResendWithConfirmationId];

    // Limits of the moment.
    RateLimitedBurst "rate_limited_burst" 429 1 "Too much in too short a time",
        "Wait as Retry-After says and spread the requests.", [RetrySameRequest];
    RateLimitedSustained "rate_limited_sustained" 429 10 "Too much for this credential",
        "Wait as Retry-After says; batches cost less than single requests.", [RetrySameRequest];
    LedgerBusy "ledger_busy" 503 1 "The ledger's queue is full",
        "Send the identical request again after the time given; nothing was recorded.", [RetrySameRequest];
    LedgerUnavailable "ledger_unavailable" 503 10 "The ledger cannot be written or read just now",
        "Send the identical request again later; nothing was recorded.", [RetrySameRequest, ContactOperator];
    CommitOutcomeUnknown "commit_outcome_unknown" 503 2 "Whether it was recorded is not known",
        "Send the identical request again with the same event_id: it will be recorded once.", [RetrySameRequest];
    ClockJump "clock_jump" 503 60 "The machine's clock jumped, so nothing is recorded",
        "An operator has to confirm the time; then send the identical request again.", [RetrySameRequest, ContactOperator];
    LedgerReadOnly "ledger_read_only" 503 60 "The ledger is read-only",
        "An operator has to look at it; then send the identical request again.", [RetrySameRequest, ContactOperator];
    IndexBehind "index_behind" 503 1 "The search index has not come that far yet",
        "Send the identical request again, or search without min_tree_size.", [RetrySameRequest];
    NotYetPublished "not_yet_published" 404 1 "No checkpoint covers this entry yet",
        "Send the identical request again: a checkpoint is signed at least every second while the ledger grows.", [RetrySameRequest];
    EntryDamaged "entry_damaged" 500 final "An entry does not match what was committed to",
        "Do not rely on it. Tell the operator the request id; onus verify names what is damaged.", [ContactOperator];
    Internal "internal" 500 5 "The ledger made a mistake",
        "Send the identical request again with the same Idempotency-Key and event_id; if it persists, tell the operator the request id.",
        [RetrySameRequest, ContactOperator];
}

impl Code {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        self.row().code
    }

    /// From the word of the wire: for the page `/problems/<code>`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.as_str() == text)
    }

    /// HTTP status.
    pub const fn status(self) -> u16 {
        self.row().status
    }

    /// The code that stands for a bare status, where a lower layer gave no more.
    pub const fn of_status(status: u16) -> Self {
        match status {
            400 => Self::BodyIncomplete,
            401 => Self::Unauthenticated,
            403 => Self::PermissionMissing,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            413 => Self::PayloadTooLarge,
            414 => Self::UriTooLong,
            415 => Self::UnsupportedMediaType,
            422 => Self::ValidationFailed,
            429 => Self::RateLimitedBurst,
            431 => Self::HeadersTooLarge,
            503 => Self::LedgerUnavailable,
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_lower_snake_case_and_say_what_to_do() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            let row = code.row();
            assert!(seen.insert(row.code), "{} twice", row.code);
            assert!(row.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.code);
            assert!((400..600).contains(&row.status), "{}", row.code);
            assert!(row.suggestion.ends_with('.') && !row.title.ends_with('.'), "{}", row.code);
            assert_eq!(Code::parse(row.code), Some(*code));
        }
    }

    #[test]
    fn what_is_retryable_says_so_to_programs_too() {
        for code in Code::ALL {
            let row = code.row();
            let says_retry = row.recovery_actions.contains(&RecoveryAction::RetrySameRequest);
            assert_eq!(row.retry_after_seconds.is_some(), says_retry, "{}", row.code);
            if row.status > 500 || row.status == 429 {
                assert!(says_retry, "{} is our trouble, not the request's", row.code);
            }
        }
    }

    #[test]
    fn a_bare_status_gets_a_code_of_that_status() {
        for status in [400, 401, 403, 404, 405, 408, 413, 414, 415, 422, 429, 431, 500, 503] {
            assert_eq!(Code::of_status(status).status(), status);
        }
        assert_eq!(Code::of_status(418), Code::Internal);
    }
}
