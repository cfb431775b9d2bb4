//! What every page's handler shares: the frame around a page, the reader's preferences, the answer with its policy.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use askama::Template;

use crate::http::authentication::Authenticated;
use crate::http::codes::Code;
use crate::http::edge::RequestContext;
use crate::http::problem::Problem;
use crate::service::ledger::Ledger;
use crate::ui::frame::{Frame, Reader, Section, Theme};
use crate::ui::part::Named;
use crate::ui::untrusted::Untrusted;
use crate::ui::when::{When, Zone};

/// Nothing but our own files, and nothing in the page itself that could run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The cookies that keep a reader's preferences.
pub const ZONE_COOKIE: &str = "onus_zone";
/// See [`ZONE_COOKIE`].
pub const THEME_COOKIE: &str = "onus_theme";

/// What `onus demo` calls its ledger: pages say that nothing in it happened.
pub const SAMPLE_ORIGIN: &str = "sample.onus.example/demo";

/// The frame of a page for this request. `title` is `<thing> – <page>`.
pub fn frame(request: &HttpRequest, title: impl Into<String>, current: Option<Section>) -> Frame {
    let ledger = request.app_data::<web::Data<Ledger>>().expect("the server is given its ledger");
    let zone = zone(request);
    let reader = request.extensions().get::<Authenticated>().and_then(|caller| caller.human.clone());
    Frame {
        title: title.into(),
        current,
        query: String::new(),
        tree_size: ledger.size(),
        checkpoint: ledger.published().map(|p| When::of(p.recorded_at, zone)),
        integrity: crate::ui::integrity_handler::line(request, ledger),
        zone,
        theme: request.cookie(THEME_COOKIE).and_then(|c| Theme::parse(c.value())).unwrap_or_default(),
        request_id: RequestContext::of(request).request_id.to_string(),
        json_url: None,
        is_sample: ledger.origin().as_str() == SAMPLE_ORIGIN,
        reader: reader.map(|session| Reader {
            name: Named::to(&session.name, crate::ui::link::person(session.principal_id.as_str())),
            csrf: session.csrf.reveal().to_owned(),
        }),
        here: request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
    }
}

/// The reader's zone.
pub fn zone(request: &HttpRequest) -> Zone {
    let kept = request.cookie(ZONE_COOKIE).map(|c| percent_decoded(c.value()));
    kept.and_then(|name| Zone::parse(&name)).unwrap_or_default()
}

/// What percent-escapes stand for; what is no UTF-8 is replaced.
pub fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A page as an answer.
pub fn page(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status)
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .body(html),
        Err(e) => HttpResponse::from_error(Problem::failed(Code::Internal, &e)),
    }
}

/// 303: after a form, and for ids that lead to their page.
pub fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("Location", to)).finish()
}

/// An address of ours to go back to, never another site's.
pub fn own_path(path: Option<&str>) -> &str {
    match path {
        Some(path) if path.starts_with('/') && !path.starts_with("//") && !path.contains(|c: char| c == '\\' || c.is_control()) => path,
        _ => "/",
    }
}

/// A problem's detail as a page prints it: with a capital letter and a full stop.
pub fn as_sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    let mut sentence: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
    if !sentence.ends_with(['.', '?', '!', '…']) {
        sentence.push('.');
    }
    sentence
}

/// The page beside `application/problem+json`, for a browser.
pub fn error_page(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    use crate::ui::error::{ErrorPage, FieldProblem};
    use crate::ui::signin::{SignIn, SignInState};
    let code = problem.code();
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status == StatusCode::UNAUTHORIZED {
        let had_session = crate::http::authentication::presented_cookie(request).is_some();
        let state = if had_session { SignInState::Ended } else { SignInState::Needed };
        return page(status, &SignIn { frame: frame(request, "Sign in", None), state });
    }
    let fields = problem.errors().iter().map(|e| FieldProblem { path: Untrusted::new(&e.path), message: Untrusted::new(&e.message) });
    let row = code.row();
    let error = ErrorPage {
        frame: frame(request, format!("Problem: {}", row.title), None),
        status: code.status(),
        code: code.as_str(),
        title: row.title,
        detail: Untrusted::new(as_sentence(problem.detail())),
        fields: fields.collect(),
        ways_out: crate::ui::error::ways_out(code),
    };
    page(status, &error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_leads_to_a_page_of_ours_and_nowhere_else() {
        assert_eq!(own_path(Some("/search?q=a%2Fb")), "/search?q=a%2Fb");
        for elsewhere in
            ["//evil.example", "/\t/evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x", "evil", ""]
        {
            assert_eq!(own_path(Some(elsewhere)), "/", "{elsewhere:?}");
        }
        assert_eq!(own_path(None), "/");
    }
}
