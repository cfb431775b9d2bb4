//! Who is in the sample: three people, six agents, four services.

use crate::domain::delegation::CallerClass;

/// Somebody who reports, acts, gives or receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Party {
    /// Pays the invoices.
    Maria,
    /// Answers the customers.
    Jonas,
    /// Answers for operations.
    Amara,
    /// Takes Maria's tasks and passes them on.
    Orchestrator,
    /// Reads invoices and pays them.
    Invoices,
    /// Writes letters for other agents.
    Mailer,
    /// Refunds orders.
    Refunds,
    /// Reads files and pages for Amara.
    Researcher,
    /// Keeps calendars.
    Planner,
    /// Gives delegations in the name of people who signed in there.
    Gateway,
    /// The protected API that pays.
    PaymentsApi,
    /// The protected API of the shop.
    OrdersApi,
    /// Compares the accounts every night, for nobody but itself.
    Reconciler,
}

impl Party {
    /// The people.
    pub(super) const PEOPLE: [Self; 3] = [Self::Maria, Self::Jonas, Self::Amara];
    /// The agents.
    pub(super) const AGENTS: [Self; 6] = [Self::Orchestrator, Self::Invoices, Self::Mailer, Self::Refunds, Self::Researcher, Self::Planner];
    /// The services.
    pub(super) const SERVICES: [Self; 4] = [Self::Gateway, Self::PaymentsApi, Self::OrdersApi, Self::Reconciler];

    /// The id it goes by.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Maria => "user:maria.keller@example.com",
            Self::Jonas => "user:jonas.lindqvist@example.com",
            Self::Amara => "user:amara.okafor@example.com",
            Self::Orchestrator => "agent:orchestrator",
            Self::Invoices => "agent:invoices",
            Self::Mailer => "agent:mailer",
            Self::Refunds => "agent:refunds",
            Self::Researcher => "agent:researcher",
            Self::Planner => "agent:planner",
            Self::Gateway => "service:agent-gateway",
            Self::PaymentsApi => "service:payments-api",
            Self::OrdersApi => "service:orders-api",
            Self::Reconciler => "service:reconciler",
        }
    }

    /// What pages call a person.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Maria => "Maria Keller",
            Self::Jonas => "Jonas Lindqvist",
            Self::Amara => "Amara Okafor",
            other => other.id(),
        }
    }

    /// Human, agent or service.
    pub(super) fn class(self) -> CallerClass {
        if Self::PEOPLE.contains(&self) {
            CallerClass::Human
        } else if Self::AGENTS.contains(&self) {
            CallerClass::Agent
        } else {
            CallerClass::Service
        }
    }

    /// The model and the prompt of an agent.
    pub(super) const fn decides_by(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Orchestrator => Some(("claude-3-5-sonnet-20241022", "orchestrator@v12")),
            Self::Invoices => Some(("gpt-4o-2024-08-06", "invoices@v31")),
            Self::Mailer => Some(("house-mailer-7b", "letters@v3")),
            Self::Refunds => Some(("gpt-4o-2024-08-06", "refunds@v17")),
            Self::Researcher => Some(("claude-3-5-sonnet-20241022", "research@v5")),
            Self::Planner => Some(("gemini-1.5-pro-002", "planner@v8")),
            _ => None,
        }
    }
}
