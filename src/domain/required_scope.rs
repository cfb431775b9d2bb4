//! What an action needs, and who says so: the catalogue, else the resource server, never the agent alone.

use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::assessment::listed;
use crate::domain::catalogue::CatalogueEntry;
use crate::domain::delegation::CallerClass;
use crate::domain::finding::{Code, Finding};
use crate::domain::past::Recorded;

/// A scope token that an action needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    /// The token.
    pub(crate) token: String,
    /// The member that makes it needed.
    pub(crate) pointer: String,
}

/// What an action needs, and what is wrong with how that was stated.
#[derive(Debug, Default)]
pub(crate) struct Requirement {
    /// Everything that anybody says it needs: who states more than the catalogue is taken at its word.
    pub(crate) needed: Vec<Needed>,
    /// `scope_undetermined` or `scope_understated`.
    pub(crate) finding: Option<Finding>,
}

/// Decides what the action needs from the catalogue, this report and the earlier ones.
pub(crate) fn requirement(
    action: &Action,
    reporter_class: CallerClass,
    earlier: &[Arc<Recorded<Action>>],
    entry: Option<&CatalogueEntry>,
) -> Requirement {
    let mut requirement = Requirement::default();
    for (i, token) in action.required_scope.iter().flatten().enumerate() {
        requirement.needs(token, format!("/action/required_scope/{i}"));
    }
    if let Some(entry) = entry {
        requirement.finding = understated(action, entry);
        for token in &entry.scope {
            requirement.needs(token, "/action/name".to_owned());
        }
        return requirement;
    }
    let by_server = earlier.iter().find(|r| r.reporter_class == CallerClass::Service && r.what.required_scope.is_some());
    for token in by_server.iter().filter_map(|r| r.what.required_scope.as_ref()).flatten() {
        requirement.needs(token, "/action/name".to_owned());
    }
    // An empty list of the resource server is a statement: it needs nothing.
    let is_determined = by_server.is_some() || reporter_class == CallerClass::Service && action.required_scope.is_some();
    requirement.finding = (!is_determined).then(|| undetermined(action));
    requirement
}

impl Requirement {
    fn needs(&mut self, token: &str, pointer: String) {
        if self.needed.iter().all(|n| n.token != token) {
            self.needed.push(Needed { token: token.to_owned(), pointer });
        }
    }
}

fn understated(action: &Action, entry: &CatalogueEntry) -> Option<Finding> {
    let stated = action.required_scope.as_ref()?;
    let left_out: Vec<&str> = entry.scope.iter().filter(|token| !stated.contains(token)).map(String::as_str).collect();
    let detail = || format!("the catalogue requires {} for {}, which is not stated", listed(left_out.iter().copied()), entry.name);
    (!left_out.is_empty()).then(|| Finding::new(Code::ScopeUnderstated, detail()).at("/action/required_scope"))
}

fn undetermined(action: &Action) -> Finding {
    match &action.required_scope {
        None => Finding::new(Code::ScopeUndetermined, format!("{} is not in the catalogue and nobody states what it needs", action.name))
            .at("/action/name"),
        Some(_) => Finding::new(
            Code::ScopeUndetermined,
            format!("{} is not in the catalogue; only the agent's side states what it needs", action.name),
        )
        .at("/action/required_scope"),
    }
}
