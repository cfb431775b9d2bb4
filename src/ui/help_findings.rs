//! What each finding means and what to do about it, each at its own anchor: `/help/findings#scope_exceeded`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::finding::{Code, Level};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::ui::frame::{Frame, Section};
use crate::ui::part::Badge;
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page};

/// The page that explains findings.
#[derive(Clone, Debug, Template)]
#[template(path = "help_findings.html")]
pub struct HelpFindings {
    /// Around it.
    pub frame: Frame,
}

impl HelpFindings {
    const fn levels() -> [(Level, &'static str, &'static str); 3] {
        [
            (Level::Bad, "Not authorised", "Any of these makes the verdict “Not authorised”."),
            (Level::Unknown, "A fact is missing", "Any of these, and none of the above, makes the verdict “Cannot be determined”."),
            (Level::Warn, "Warnings", "These never make an action unauthorised. They say where to look."),
        ]
    }

    fn of(level: Level) -> impl Iterator<Item = Code> {
        Code::ALL.iter().copied().filter(move |code| code.level() == level)
    }

    /// When a finding is drawn, and what to do then.
    const fn explained(code: Code) -> (&'static str, &'static str) {
        match code {
            Code::DelegationMissing => ("The report names no delegation.", "Have the reporter send the delegation the agent acted under."),
            Code::DelegationUnknown => (
                "The report names a delegation that is not in the ledger.",
                "Report the delegation. When it arrives, the action is assessed again and both assessments are shown.",
            ),
            Code::ChainWithoutHuman => (
                "The chain of delegations ends at no person, and nobody is named who answers for it.",
                "Name the person at the root, or the accountable person of a root that a service gave.",
            ),
            Code::ChainBroken => (
                "A delegation was passed on from one that is not in the ledger, or the chain runs in a circle.",
                "Report the missing parent. The walk names it.",
            ),
            Code::DelegationExpired => {
                ("The action happened after some delegation of its chain had ended.", "Ask why the agent was still able to act.")
            }
            Code::DelegationNotYetValid => (
                "The action happened before some delegation of its chain began.",
                "Compare the clocks of both sources, then the delegation.",
            ),
            Code::ValidityUnproven => (
                "The reporter says that it happened before the delegation ended, but it was recorded after the end, and nobody else says so.",
                "Ask the server that was called for its own report.",
            ),
            Code::DelegationRevoked => (
                "The delegation, or one above it, had been taken back before.",
                "Find out why the agent could go on: the revocation may not have reached it.",
            ),
            Code::AgentMismatch => {
                ("The agent that acted is not the one that holds the delegation.", "Treat the credential as misused until shown otherwise.")
            }
            Code::PrincipalMismatch => (
                "The person named in the report is not the person at the root of the chain.",
                "Find out in whose name the agent believed it was acting.",
            ),
            Code::ScopeExceeded => (
                "The action needs a scope that not every delegation of its chain holds.",
                "The table at the action's step names the scope. Extend the delegation or stop the agent.",
            ),
            Code::ResourceExceeded => {
                ("The resource lies outside what the chain allows.", "The table at the action's step names the resource and the patterns.")
            }
            Code::ConstraintExceeded => (
                "A limit of some delegation is passed: by this action alone, or by the sum over the day, the month or the life of the delegation.",
                "The table at the action's step names the limit and the sum.",
            ),
            Code::ScopeUndetermined => (
                "Neither the action catalogue nor the server that was called says which scope the action needs. An agent's own word is not enough.",
                "Add the action to the catalogue.",
            ),
            Code::ScopeUnderstated => (
                "The reporter states less scope than the action catalogue requires.",
                "The catalogue counts. Ask why the reporter states less.",
            ),
            Code::ScopeWidened => (
                "A delegation passes on more than its parent holds: in scope, resources, limits, end or depth.",
                "The delegation's page names the smallest example. What was done beyond the parent is out of scope.",
            ),
            Code::DepthExceeded => (
                "Authority was passed on more often than a delegation of the chain allows.",
                "See who passed it on, on the delegation's page.",
            ),
            Code::DelegationOverbroad => (
                "The root delegation has a wildcard, lasts longer than a day (a setting), or allows writing everything.",
                "Give narrower delegations that end sooner.",
            ),
            Code::InfluencedByDocument => (
                "Content that others may write had been read before, and a value of the action occurs in it.",
                "Read the passage. It was read before the action; whether it caused it, a person judges.",
            ),
            Code::UntrustedSource => ("A document from outside had been read before the action.", "See which, in the table of documents."),
            Code::ModelVersionMissing => ("No report states which model decided.", "Have the reporter send the model's version."),
            Code::ModelVersionUnfrozen => {
                ("The model's version is a name that can mean another model tomorrow.", "Report a dated version or a digest.")
            }
            Code::PromptUnfrozen => {
                ("The prompt's version is a name that can mean another prompt tomorrow.", "Report its SHA-256 or a numbered version.")
            }
            Code::ConsentDrift => (
                "Model, prompt, policy or tools differ from those the person agreed to.",
                "Ask the person again, or go back to what was agreed.",
            ),
            Code::ReportDisagreement => (
                "The agent and the server that was called report the same action differently.",
                "The table of reports names the members that differ.",
            ),
            Code::RecordedLate => {
                ("It was recorded more than five minutes (a setting) after it happened.", "See whether the source was offline, or waited.")
            }
            Code::ClockSkew => ("The reporter says that it happened after the ledger recorded it.", "Set the source's clock right."),
        }
    }
}

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/help/findings", "showFindings"), handler: || web::to(show_findings) }]
}

async fn show_findings(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    Ok(page(StatusCode::OK, &HelpFindings { frame: frame(&request, "Findings – Help", Some(Section::Help)) }))
}
