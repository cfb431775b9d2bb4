//! The stylesheet, the script and the icon, inside the binary, under addresses that change when they change.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;

use crate::tlog::hash::{sha256, to_hex};

/// How much of the hash stands in an address, in hexadecimal digits.
const HASH_DIGITS: usize = 16;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// One file, as served.
pub struct Asset {
    name: &'static str,
    path: String,
    etag: String,
    content_type: &'static str,
    body: Vec<u8>,
}

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    [
        ("onus.css", "onus", "css", "text/css; charset=utf-8"),
        ("onus.js", "onus", "js", "text/javascript; charset=utf-8"),
        ("favicon.svg", "favicon", "svg", "image/svg+xml"),
    ]
    .map(|(name, stem, extension, content_type)| {
        let body = Files::get(name).expect("static/ holds every file named here; a test asks for each").data.into_owned();
        let mut hash = to_hex(&sha256(&body));
        hash.truncate(HASH_DIGITS);
        Asset { name, path: format!("/assets/{stem}-{hash}.{extension}"), etag: format!("\"{hash}\""), content_type, body }
    })
    .into()
});

impl Asset {
    /// The file that lives at this path, `/assets/onus-<hash>.css`; an old hash finds nothing.
    pub fn at(path: &str) -> Option<&'static Self> {
        ALL.iter().find(|asset| asset.path == path)
    }

    /// Its bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The answer to a request for it: whole, or "you have it". The bytes at an address never change, so caches may keep them.
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let kept = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or("");
        let is_kept = kept.split(',').any(|tag| tag.trim() == self.etag || tag.trim() == "*");
        let mut response = if is_kept { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, self.etag.as_str())).insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"));
        if is_kept { response.finish() } else { response.insert_header((CONTENT_TYPE, self.content_type)).body(self.body.clone()) }
    }
}

/// The present address of a file of `static/`.
pub fn path_of(name: &'static str) -> &'static str {
    &ALL.iter().find(|asset| asset.name == name).expect("only names of the table above are asked for").path
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn each_file_is_found_by_its_hash_and_not_by_another() {
        for name in ["onus.css", "onus.js", "favicon.svg"] {
            let path = path_of(name);
            assert_eq!(Asset::at(path).unwrap().name, name);
            assert!(Asset::at(&path.replace('-', "-0")).is_none());
        }
    }

    #[test]
    fn a_browser_that_has_it_is_told_so() {
        let asset = Asset::at(path_of("onus.css")).unwrap();
        let first = asset.respond(&TestRequest::get().to_http_request());
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers().get(CONTENT_TYPE).unwrap(), "text/css; charset=utf-8");
        let tag = first.headers().get(ETAG).unwrap().clone();
        let second = asset.respond(&TestRequest::get().insert_header((IF_NONE_MATCH, tag)).to_http_request());
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    }
}
