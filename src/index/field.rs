//! The fields that can be searched, by the names people type (UI.md section 2.7). How they are stored is `schema`'s business.

/// How the values of a field are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Exact words, as many as the entry has.
    Keyword,
    /// Exact words of which there are few enough to be counted: a [`Kind::Keyword`] with a column.
    Facet,
    /// A whole number: ranges only.
    Number,
    /// An instant: ranges only.
    Time,
    /// A number with a fraction: ranges only.
    Amount,
    /// Prose: words in any letter case.
    Words,
    /// Several keyword fields asked at once.
    Several(&'static [Field]),
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal $([$($alias:literal)+])?, $kind:expr;)+) => {
        /// A field of the search index.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Field {
            /// All of them, as the list above has them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name people type.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Other names for it.
            pub const fn aliases(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($($alias),+)?],)+
                }
            }

            /// How its values are compared.
            pub const fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => $kind,)+
                }
            }
        }
    };
}

fields! {
    /// The leaf index.
    Index = "index" ["seq"], Kind::Number;
    /// The entry's type: `action.recorded`.
    Type = "type" ["entry_type"], Kind::Facet;
    /// When it happened, as its reporter claims.
    Time = "time" ["occurred" "created" "@timestamp" "occurred_at"], Kind::Time;
    /// When the ledger recorded it.
    Recorded = "recorded" ["recorded_at"], Kind::Time;
    /// The class of who acted.
    Caller = "caller" ["caller_class"], Kind::Facet;
    /// Who reported.
    Reporter = "reporter" ["source"], Kind::Facet;
    /// The class of who reported.
    ReporterClass = "reporter_class", Kind::Facet;
    /// The human at the root.
    From = "from" ["human" "user" "principal" "human_principal_id"], Kind::Facet;
    /// The agent that acted: the last hop.
    By = "by" ["actor" "agent" "agent_id"], Kind::Facet;
    /// Any actor on the chain.
    Via = "via", Kind::Keyword;
    /// Any delegation on the chain, ancestors included.
    Under = "under" ["delegation" "delegation_id"], Kind::Keyword;
    /// The delegation that the entry names itself.
    DirectlyUnder = "directly_under", Kind::Keyword;
    /// Who gave the delegation.
    Delegator = "delegator", Kind::Keyword;
    /// Number of hops.
    Depth = "depth", Kind::Number;
    /// The action's name.
    Action = "action" ["event" "verb"], Kind::Facet;
    /// The action's id.
    ActionId = "action_id", Kind::Keyword;
    /// The source's own name for the event.
    EventId = "event_id", Kind::Keyword;
    /// What was acted upon.
    Resource = "resource" ["target" "object"], Kind::Keyword;
    /// Scope tokens: required by an action, passed on by a delegation.
    Scope = "scope", Kind::Facet;
    /// What the reporter's policy decided.
    Decision = "decision", Kind::Facet;
    /// How it went.
    Outcome = "outcome" ["result"], Kind::Facet;
    /// The protected API's error.
    Error = "error" ["error_code"], Kind::Facet;
    /// The policy's version.
    Policy = "policy" ["policy_version"], Kind::Facet;
    /// The model's version.
    Model = "model" ["model_version"], Kind::Facet;
    /// The prompt.
    Prompt = "prompt" ["prompt_id"], Kind::Facet;
    /// The prompt's hash.
    PromptHash = "prompt_sha256", Kind::Keyword;
    /// Documents read before, by hash or uri.
    Read = "read" ["document" "doc"], Kind::Keyword;
    /// Stores they came from.
    Store = "store", Kind::Facet;
    /// The trace, and the one that caused it.
    Trace = "trace" ["run" "trace_id" "parent_trace_id"], Kind::Keyword;
    /// The trace that caused this one, alone.
    ParentTrace = "parent_trace", Kind::Keyword;
    /// The agent's idempotency key at the protected API.
    Key = "key" ["idempotency_key"], Kind::Keyword;
    /// The number that the action catalogue names for this action.
    Amount = "amount", Kind::Amount;
    /// How long it took, in milliseconds, as its reporter claims.
    Duration = "duration_ms", Kind::Number;
    /// The confirmation it names or is about.
    Confirmation = "confirmation" ["confirmation_id"], Kind::Keyword;
    /// Who decided that confirmation.
    ConfirmedBy = "confirmed_by" ["approver"], Kind::Keyword;
    /// The ledger's verdict.
    Verdict = "verdict", Kind::Facet;
    /// The ledger's attribution.
    Attribution = "attribution", Kind::Facet;
    /// The present findings.
    Finding = "finding", Kind::Facet;
    /// The `jti` of the token that a delegation was taken from.
    Token = "token" ["jti"], Kind::Keyword;
    /// Any SHA-256 that the entry names: of a document, prompt, policy, tool list, result.
    Hash = "hash" ["sha256"], Kind::Keyword;
    /// Prose: names, resource, purpose, arguments.
    Text = "text" ["message"], Kind::Words;
    /// Verdict, attribution or finding.
    Is = "is", Kind::Several(&[Field::Verdict, Field::Attribution, Field::Finding]);
    /// Any identifier.
    Id = "id", Kind::Several(IDENTIFIERS);
}

/// What `id:` looks through: everything by which an entry can be named or reached.
const IDENTIFIERS: &[Field] = &[
    Field::ActionId,
    Field::EventId,
    Field::Under,
    Field::DirectlyUnder,
    Field::Via,
    Field::By,
    Field::From,
    Field::Delegator,
    Field::Reporter,
    Field::Resource,
    Field::Trace,
    Field::Key,
    Field::Confirmation,
    Field::ConfirmedBy,
    Field::Token,
    Field::Model,
    Field::Prompt,
    Field::PromptHash,
    Field::Policy,
    Field::Read,
    Field::Hash,
];

impl Field {
    /// The field of that name or alias, in exactly that letter case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.as_str() == name || field.aliases().contains(&name))
    }

    /// Whether [`facet`](crate::index::reader::Snapshot::facet) can count its values.
    pub const fn is_facet(self) -> bool {
        matches!(self.kind(), Kind::Facet)
    }

    /// The stored fields behind it: itself, unless it stands for several.
    pub(super) fn parts(self) -> Vec<Self> {
        match self.kind() {
            Kind::Several(parts) => parts.to_vec(),
            _ => vec![self],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_means_one_field() {
        let mut seen = BTreeSet::new();
        for &field in Field::ALL {
            for name in std::iter::once(field.as_str()).chain(field.aliases().iter().copied()) {
                assert!(seen.insert(name), "`{name}` names two fields");
                assert_eq!(Field::parse(name), Some(field));
            }
        }
        assert_eq!(Field::parse("ip"), None);
        assert_eq!(Field::parse("case"), None);
    }

    #[test]
    fn only_keywords_are_asked_together() {
        for part in Field::ALL.iter().flat_map(|field| if field.parts() == [*field] { vec![] } else { field.parts() }) {
            assert!(matches!(part.kind(), Kind::Keyword | Kind::Facet), "{part:?}");
        }
    }
}
