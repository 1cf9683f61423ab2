//! The server: this computer's own addresses only, few connections, none for long.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::answer::answer;

/// Hands the page out to browsers on this computer, over HTTP/1.1, at 127.0.0.1 and, where there is
/// IPv6, at ::1.
///
/// Bounded, whoever asks: 32 connections, each for one request of at most 16 KiB whose head has to
/// be there within 5 s, and for 30 s in all.
#[derive(Debug)]
pub struct Server {
    four: TcpListener,
    six: Option<TcpListener>,
    port: u16,
}

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Another program has this port, or this one may not use it.
    #[error("cannot serve at port {port} of {address}: {error}; port 0 takes any free one")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// Of which of the two addresses.
        address: IpAddr,
        /// Why.
        error: io::Error,
    },
}

impl Server {
    /// Takes the port, of both addresses; 0 takes any that is free. From here on a browser may
    /// connect, and is answered by [`run`](Self::run).
    ///
    /// # Errors
    /// If another program has the port, of either address: half of the browsers would ask that one.
    ///
    /// # Panics
    /// Outside of a tokio runtime with network and time enabled.
    pub async fn bind(port: u16) -> Result<Self, ServeError> {
        let mut attempt = 1;
        loop {
            let four = listen(Ipv4Addr::LOCALHOST.into(), port).await?;
            let taken = four.local_addr().map_or(port, |address| address.port());
            match listen(Ipv6Addr::LOCALHOST.into(), taken).await {
                Ok(six) => return Ok(Self::new(four, Some(six), taken)),
                Err(ServeError::Port { error, .. }) if is_without_ipv6(&error) => {
                    return Ok(Self::new(four, None, taken));
                }
                // What is free there need not be free here.
                Err(_) if port == 0 && attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn new(four: TcpListener, six: Option<TcpListener>, port: u16) -> Self {
        Self { four, six, port }
    }

    /// Where the page is: by this name browsers let it use the microphone.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// The port that was taken.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Answers, for ever. Dropping the future ends it, and every connection with it.
    pub async fn run(self) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            // Who comes when there is no room waits outside.
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let accepted = match &self.six {
                None => self.four.accept().await,
                Some(six) => tokio::select! {
                    accepted = self.four.accept() => accepted,
                    accepted = six.accept() => accepted,
                },
            };
            match accepted {
                Ok((stream, _)) => {
                    let port = self.port;
                    connections.spawn(async move {
                        // One that lasts too long, or that breaks, is its own business.
                        let _ = timeout(CONNECTION, serve(stream, port)).await;
                        drop(place);
                    });
                }
                // Such as: no file descriptor is left. Some will be, in a moment.
                Err(_) => tokio::time::sleep(BREATH).await,
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn listen(address: IpAddr, port: u16) -> Result<TcpListener, ServeError> {
    TcpListener::bind(SocketAddr::new(address, port))
        .await
        .map_err(|error| ServeError::Port {
            port,
            address,
            error,
        })
}

fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    ) || (cfg!(unix) && error.raw_os_error() == Some(NO_SUCH_FAMILY))
}

async fn serve(stream: TcpStream, port: u16) -> Result<(), hyper::Error> {
    let service = service_fn(
        |request: hyper::Request<hyper::body::Incoming>| async move {
            let answer = answer(port, request.method(), request.uri(), request.headers());
            Ok::<_, Infallible>(answer)
        },
    );
    http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(REQUEST)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

/// Connections at a time. A browser opens six.
const CONNECTIONS: usize = 32;

/// How long a request may be, in bytes: the headers of a browser are about one thousand.
const REQUEST: usize = 16 * 1024;

/// How long its head may take.
const HEAD: Duration = Duration::from_secs(5);

/// How long a connection may last: a megabyte over the loopback takes milliseconds.
const CONNECTION: Duration = Duration::from_secs(30);

/// After a connection could not be accepted.
const BREATH: Duration = Duration::from_millis(100);

/// Free ports are tried so often: each is taken at ::1 too with a chance of a few in thousand.
const ATTEMPTS: u32 = 8;

/// EAFNOSUPPORT: a kernel without IPv6. Linux says 97, macOS 47.
const NO_SUCH_FAMILY: i32 = if cfg!(target_os = "linux") { 97 } else { 47 };

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn running() -> u16 {
        let server = Server::bind(0).await.expect("a free port");
        let port = server.port();
        tokio::spawn(server.run());
        port
    }

    /// What comes back until the server closes the connection.
    async fn ask(address: IpAddr, port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((address, port)).await.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("is sent");
        let mut answer = Vec::new();
        // A connection closed with bytes unread may end with a reset.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(path: &str, port: u16) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n")
    }

    const FOUR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn a_browser_gets_the_page_at_both_addresses() {
        let server = Server::bind(0).await.expect("a free port");
        let (port, six) = (server.port(), server.six.is_some());
        assert_eq!(server.url(), format!("http://localhost:{port}/"));
        tokio::spawn(server.run());
        let answer = ask(FOUR, port, &get("/", port)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("content-type: text/html; charset=utf-8"));
        assert!(answer.contains("<!doctype html>"));
        assert!(answer.trim_end().ends_with("</html>"));
        if six {
            let answer = ask(Ipv6Addr::LOCALHOST.into(), port, &get("/", port)).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        }
    }

    #[tokio::test]
    async fn nobody_else_can_even_connect() {
        let server = Server::bind(0).await.expect("a free port");
        for listener in [Some(&server.four), server.six.as_ref()]
            .into_iter()
            .flatten()
        {
            let address = listener.local_addr().expect("is bound");
            assert!(address.ip().is_loopback(), "{address}");
        }
    }

    #[tokio::test]
    async fn a_head_is_the_same_without_the_body() {
        let port = running().await;
        let whole = ask(FOUR, port, &get("/page.css", port)).await;
        let head = ask(FOUR, port, &get("/page.css", port).replace("GET", "HEAD")).await;
        let (headers, body) = whole.split_once("\r\n\r\n").expect("headers end");
        assert!(!body.is_empty());
        assert_eq!(head.split_once("\r\n\r\n").expect("headers end").1, "");
        let length = format!("content-length: {}", body.len());
        assert!(
            headers.contains(&length) && head.contains(&length),
            "{head}"
        );
    }

    #[tokio::test]
    async fn what_is_not_there_not_allowed_or_not_ours_is_refused_in_words() {
        let port = running().await;
        for (request, status) in [
            (get("/../Cargo.toml", port), "404 Not Found"),
            (
                get("/", port).replace("GET", "POST"),
                "405 Method Not Allowed",
            ),
            (
                get("/", port).replace("localhost", "evil"),
                "421 Misdirected Request",
            ),
            (
                "GET / HTTP/1.1\r\n\r\n".to_owned(),
                "421 Misdirected Request",
            ),
            ("nonsense\r\n\r\n".to_owned(), "400 Bad Request"),
        ] {
            let answer = ask(FOUR, port, &request).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer}"
            );
        }
    }

    #[tokio::test]
    async fn a_request_without_end_is_cut_off() {
        let port = running().await;
        let long = format!(
            "{}x: {}\r\n",
            get("/", port).trim_end(),
            "y".repeat(1 << 20)
        );
        let answer = ask(FOUR, port, &long).await;
        let refused = answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400");
        assert!(refused || answer.is_empty(), "{answer}");
    }

    #[tokio::test]
    async fn who_never_ends_the_question_is_not_waited_for() {
        let port = running().await;
        let begun = tokio::time::Instant::now();
        // As many as there is room for, and one with something to ask.
        let mut slow = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect((FOUR, port)).await.expect("connects");
            stream.write_all(b"GET / HT").await.expect("is sent");
            slow.push(stream);
        }
        let answer = ask(FOUR, port, &get("/", port)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let took = begun.elapsed();
        assert!(took < HEAD + Duration::from_secs(3), "{took:?}");
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_with_its_number() {
        let first = Server::bind(0).await.expect("a free port");
        let error = Server::bind(first.port()).await.expect_err("is taken");
        let words = error.to_string();
        assert!(words.contains(&first.port().to_string()), "{words}");
        assert!(words.contains("port 0 takes any free one"), "{words}");
    }
}
