//! Signing in and out, preferences, and the files that pages are made of.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::delegation::CallerClass;
use crate::http::authentication::{ended_cookie, presented_cookie, session_cookie};
use crate::http::body::Form;
use crate::http::codes::Code;
use crate::http::edge::{RequestContext, Surroundings};
use crate::http::media::MediaType;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::route::{Access, Cost, KeyRule, Registered, Route};
use crate::ui::assets::Asset;
use crate::ui::frame::Theme;
use crate::ui::link::percent_encoded;
use crate::ui::signin::{SignIn, SignInState};
use crate::ui::site::{THEME_COOKIE, ZONE_COOKIE, frame, own_path, page, see_other};
use crate::ui::when::Zone;

/// How long preferences are kept.
const PREFERENCES_KEPT: Duration = Duration::days(365);

/// A row for a page that people read.
pub const fn page_route(path: &'static str, operation_id: &'static str) -> Route {
    Route {
        method: Method::GET,
        path,
        operation_id,
        access: Access::Callers { classes: &[CallerClass::Human], permission: None },
        cost: Cost::Read,
        accepts: &[],
        key_rule: KeyRule::None,
        problems: &[Code::NotFound, Code::UnknownParameter, Code::InvalidParameter, Code::LedgerUnavailable, Code::EntryDamaged],
    }
}

const fn form_route(path: &'static str, operation_id: &'static str, access: Access) -> Route {
    Route {
        method: Method::POST,
        path,
        operation_id,
        access,
        cost: Cost::Read,
        accepts: &[MediaType::Form],
        key_rule: KeyRule::Exempt,
        problems: &[Code::LinkExpired],
    }
}

/// The rows of this file.
pub fn routes() -> Vec<Registered> {
    const HUMAN: Access = Access::Callers { classes: &[CallerClass::Human], permission: None };
    let open = |path, operation_id| Route { access: Access::Open, ..page_route(path, operation_id) };
    vec![
        Registered { route: open("/sign-in", "showSignIn"), handler: || web::to(show_sign_in) },
        Registered { route: form_route("/sign-in", "signIn", Access::Open), handler: || web::to(sign_in) },
        Registered { route: form_route("/sign-out", "signOut", HUMAN), handler: || web::to(sign_out) },
        Registered { route: form_route("/prefs", "setPreferences", HUMAN), handler: || web::to(set_preferences) },
        Registered { route: open("/assets/{name}", "readAsset"), handler: || web::to(asset) },
    ]
}

/// Opening a link changes nothing, so that a preview cannot use it up.
async fn show_sign_in(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string(), &["token", "return_to"])?;
    let state = match query.text("token") {
        Some(token) => SignInState::Ready { token: token.to_owned(), return_to: own_path(query.text("return_to")).to_owned() },
        None => SignInState::Needed,
    };
    Ok(page(StatusCode::OK, &SignIn { frame: frame(&request, "Sign in", None), state }))
}

async fn sign_in(request: HttpRequest, form: Form) -> Result<HttpResponse, Problem> {
    let surroundings = Surroundings::of(&request);
    let (sessions, now) = (surroundings.sessions.clone(), RequestContext::of(&request).received_at);
    let token = form.field("token").unwrap_or_default().to_owned();
    let redeemed = web::block(move || sessions.redeem(&token, now)).await;
    match redeemed {
        Ok(Ok(Some((_, cookie)))) => {
            let mut response = see_other(own_path(form.field("return_to")));
            let added = response.add_cookie(&session_cookie(surroundings, &cookie));
            added.map_err(|e| Problem::failed(Code::Internal, &e))?;
            Ok(response)
        }
        Ok(Ok(None)) => Ok(page(StatusCode::GONE, &SignIn { frame: frame(&request, "Sign in", None), state: SignInState::Spent })),
        Ok(Err(e)) => Err(Problem::failed(Code::LedgerUnavailable, &e)),
        Err(e) => Err(Problem::failed(Code::Internal, &e)),
    }
}

async fn sign_out(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let surroundings = Surroundings::of(&request);
    if let Some(cookie) = presented_cookie(&request) {
        let sessions = surroundings.sessions.clone();
        match web::block(move || sessions.sign_out(cookie.reveal())).await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => return Err(Problem::failed(Code::LedgerUnavailable, &e)),
            Err(e) => return Err(Problem::failed(Code::Internal, &e)),
        }
    }
    let mut response = see_other("/sign-in");
    response.add_cookie(&ended_cookie(surroundings)).map_err(|e| Problem::failed(Code::Internal, &e))?;
    Ok(response)
}

async fn set_preferences(request: HttpRequest, form: Form) -> Result<HttpResponse, Problem> {
    let is_tls = Surroundings::of(&request).is_tls;
    let keep = |name: &'static str, value: String| {
        Cookie::build(name, value).path("/").http_only(true).secure(is_tls).same_site(SameSite::Lax).max_age(PREFERENCES_KEPT).finish()
    };
    let mut response = see_other(own_path(form.field("return_to")));
    let zone = form.field("zone").and_then(Zone::parse).map(|zone| keep(ZONE_COOKIE, percent_encoded(&zone.to_string())));
    let theme = form.field("theme").and_then(Theme::parse).map(|theme| keep(THEME_COOKIE, theme.as_str().to_owned()));
    for cookie in zone.iter().chain(&theme) {
        response.add_cookie(cookie).map_err(|e| Problem::failed(Code::Internal, &e))?;
    }
    Ok(response)
}

async fn asset(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let found = Asset::at(request.path());
    found.map(|asset| asset.respond(&request)).ok_or_else(|| Problem::of(Code::NotFound))
}
