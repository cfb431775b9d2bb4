//! Help in one page: the questions Onus answers, its words, and where to read on.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::Registered;
use crate::ui::frame::{Frame, Section};
use crate::ui::session_pages::page_route;
use crate::ui::site::{frame, page};

/// The help page.
#[derive(Clone, Debug, Template)]
#[template(path = "help.html")]
pub struct Help {
    /// Around it.
    pub frame: Frame,
}

impl Help {
    fn anchor(word: &str) -> String {
        word.to_lowercase().replace(' ', "-")
    }

    /// The words of the ledger, one per thing.
    const WORDS: [(&'static str, &'static str); 12] = [
        (
            "Delegation",
            "Authority passed from a person, or from an agent passing on part of its own, to an agent: scope, resources, limits, time.",
        ),
        ("Action", "Something an agent, a person or a service did or tried to do."),
        ("Report", "One party's account of an action. The agent and the server that was called may both report the same one."),
        ("Confirmation", "A person's approval or denial of one exact action."),
        ("Source", "Who reports: the owner of the credential that a report came with."),
        ("Entry", "An event with its place in the ledger: leaf index, time of recording, leaf hash."),
        ("Leaf index", "The place of an entry, counted from 0. It never changes."),
        ("Checkpoint", "The ledger's size and root hash, signed. Keep one: whoever holds it can show a later rewrite."),
        ("Receipt", "What a source keeps of its report: the entry's bytes, its leaf hash and, once a checkpoint covers it, a proof."),
        ("Finding", "A fact that the ledger derived about an action or a delegation, such as OUT OF SCOPE."),
        ("Walk", "The path from an action back to the person it rests on, with what was read and who confirmed."),
        ("Attribution", "The ledger's answer to: did the person ask for it, or did something the agent had read decide?"),
    ];
}

/// The row of this file.
pub fn routes() -> Vec<Registered> {
    vec![Registered { route: page_route("/help", "showHelp"), handler: || web::to(show_help) }]
}

async fn show_help(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Query::parse(request.query_string(), &[])?;
    Ok(page(StatusCode::OK, &Help { frame: frame(&request, "Help", Some(Section::Help)) }))
}
