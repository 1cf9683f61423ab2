//! What is answered to a request: no connection, no clock.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap,
    HeaderValue, VARY,
};
use hyper::{Method, Response, StatusCode, Uri};

use super::page::{PageFile, files};

/// The answer to a request that came in at `port`.
///
/// Who asks by another name than this computer's own is refused: a page from elsewhere whose name
/// is made to point here (DNS rebinding) would otherwise be at home, microphone included.
pub(super) fn answer(
    port: u16,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response<Full<Bytes>> {
    if !is_for_us(port, uri, headers) {
        let words = format!("ask for this page by its own name: http://localhost:{port}/\n");
        return plain(StatusCode::MISDIRECTED_REQUEST, words);
    }
    if method != Method::GET && method != Method::HEAD {
        let mut refusal = plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET and HEAD\n".to_owned(),
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(ALLOW, allowed);
        return refusal;
    }
    match find(uri.path()) {
        Some(file) => whole(file, accepts_gzip(headers)),
        None => plain(StatusCode::NOT_FOUND, "there is no such file\n".to_owned()),
    }
}

/// A path is looked up as it is written: nothing on the disk is behind it.
fn find(path: &str) -> Option<&'static PageFile> {
    let path = match path {
        "/" => "index.html",
        path => path.strip_prefix('/')?,
    };
    files().iter().find(|file| file.path() == path)
}

fn is_for_us(port: u16, uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let named = |host: &[u8]| {
        NAMES.iter().any(|name| {
            let with_port = host.eq_ignore_ascii_case(format!("{name}:{port}").as_bytes());
            with_port || (port == HTTP && host.eq_ignore_ascii_case(name.as_bytes()))
        })
    };
    named(host.as_bytes())
        && uri
            .authority()
            .is_none_or(|authority| named(authority.as_str().as_bytes()))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let never = weight
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse() == Ok(0.0f32));
            name.trim().eq_ignore_ascii_case("gzip") && !never
        })
}

fn whole(file: &PageFile, gzip: bool) -> Response<Full<Bytes>> {
    let packed = file.gzip().filter(|_| gzip);
    let body = match (packed, file.bytes()) {
        (Some(packed), _) => Bytes::from_static(packed),
        (None, std::borrow::Cow::Borrowed(bytes)) => Bytes::from_static(bytes),
        (None, std::borrow::Cow::Owned(bytes)) => Bytes::from(bytes),
    };
    let mut response = guarded(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.media_type()));
    if packed.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if file.gzip().is_some() {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

fn plain(status: StatusCode, words: String) -> Response<Full<Bytes>> {
    let mut response = guarded(status, Bytes::from(words));
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

/// With what every answer says.
fn guarded(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // The next version of the program is another page at the same address.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    for (name, value) in GUARDS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    response
}

/// What this computer calls itself. Browsers trust these, and only these, without https.
const NAMES: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// The port that is not written.
const HTTP: u16 = 80;

/// What the page may do: nothing but what it brings along; no other page may frame it.
const GUARDS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; media-src 'self' blob:; \
         object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "microphone=(self), camera=(), geolocation=(), display-capture=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: u16 = 24_477;

    fn asked(host: &str, uri: &str, more: &[(&'static str, &str)]) -> Response<Full<Bytes>> {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", host)].iter().chain(more) {
            headers.append(*name, value.parse().expect("a value"));
        }
        answer(PORT, &Method::GET, &uri.parse().expect("a URI"), &headers)
    }

    #[test]
    fn only_this_computers_own_names_are_answered() {
        for host in [
            "localhost:24477",
            "LocalHost:24477",
            "127.0.0.1:24477",
            "[::1]:24477",
        ] {
            assert_eq!(asked(host, "/", &[]).status(), 200, "{host}");
        }
        for host in [
            "localhost",
            "localhost:80",
            "evil.example:24477",
            "localhost.evil.example:24477",
            "evil.example",
            "127.0.0.2:24477",
            "0.0.0.0:24477",
            "localhost:24477 evil",
            "",
        ] {
            assert_eq!(asked(host, "/", &[]).status(), 421, "{host}");
        }
        let none = answer(
            PORT,
            &Method::GET,
            &Uri::from_static("/"),
            &HeaderMap::new(),
        );
        assert_eq!(none.status(), 421);
        // Which of two would a proxy have believed?
        let twice = asked("localhost:24477", "/", &[("host", "localhost:24477")]);
        assert_eq!(twice.status(), 421);
        assert_eq!(
            asked("localhost:24477", "http://evil.example/", &[]).status(),
            421
        );
        assert_eq!(
            asked("localhost:24477", "http://localhost:24477/", &[]).status(),
            200
        );
    }

    #[test]
    fn a_path_is_a_name_on_the_list_and_nothing_else() {
        for path in ["/", "/index.html", "/?a=1", "/airshake/src/index.js"] {
            assert_eq!(asked("localhost:24477", path, &[]).status(), 200, "{path}");
        }
        for path in [
            "/nothing",
            "//index.html",
            "/../Cargo.toml",
            "/airshake/../../Cargo.toml",
            "/%2e%2e/Cargo.toml",
            "/airshake/src/../src/index.js",
            "/airshake/",
            "/INDEX.HTML",
            "/index.html/",
            "*",
        ] {
            assert_eq!(asked("localhost:24477", path, &[]).status(), 404, "{path}");
        }
    }

    #[test]
    fn who_does_not_know_gzip_is_given_the_bytes_themselves() {
        let path = "/airshake/dist/airshake.wasm";
        for (accepted, packed) in [
            ("gzip, deflate, br", true),
            ("GZIP", true),
            ("br, gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            let response = asked("localhost:24477", path, &[("accept-encoding", accepted)]);
            let encoding = response.headers().get(CONTENT_ENCODING);
            assert_eq!(encoding.is_some(), packed, "{accepted}");
            assert_eq!(response.headers()[CONTENT_TYPE], "application/wasm");
        }
    }

    #[test]
    fn every_answer_is_guarded() {
        for uri in ["/", "/nothing"] {
            let response = asked("localhost:24477", uri, &[]);
            for (name, value) in GUARDS {
                assert_eq!(response.headers()[*name], value, "{uri}");
            }
        }
        let refused = asked("evil.example", "/", &[]);
        assert_eq!(refused.headers()["x-content-type-options"], "nosniff");
    }

    /// On another host the page has only what it says itself.
    #[test]
    fn the_page_itself_says_what_the_server_says() {
        let page = find("/").expect("is there").bytes();
        let page = std::str::from_utf8(&page).expect("is UTF-8");
        let (_, policy) = GUARDS[0];
        let (own, _) = policy.split_once("; frame-ancestors").expect("is last");
        assert!(page.contains(&format!("content=\"{own}\"")), "{own}");
    }
}
