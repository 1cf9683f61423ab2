//! Sockets with room for a burst.
//!
//! webrtc 0.21 sends bursts of 64 KiB against a receive window of 1 MiB, but leaves the socket its
//! default buffer (208 KiB on Linux), so bursts are dropped in the kernel and SCTP waits 1, 2, 4,
//! 8, 16 s before it tries again. So: ask for more buffer, and size the window by what was granted.

use super::{
    flight::{Turns, Watched},
    guard::{Guard, Guarded},
};
use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime,
    TokioRuntime,
};

/// Tokio, with larger buffers on every UDP socket, and with sockets that were there before.
pub(super) struct RoomyRuntime {
    tokio: TokioRuntime,
    /// Taken instead of new ones with the same address, whatever the port.
    ready: Mutex<Vec<Arc<dyn AsyncUdpSocket>>>,
    /// Put in front of new ones.
    guard: Option<Arc<dyn Guard>>,
    turns: Turns,
}

impl RoomyRuntime {
    pub(super) fn new() -> Self {
        Self::with(Vec::new(), None)
    }

    /// New sockets get this guard.
    pub(super) fn guarded(guard: Arc<dyn Guard>) -> Self {
        Self::with(Vec::new(), Some(guard))
    }

    /// The stack is given these sockets, each when it asks for one on the same address. It binds
    /// another for a moment, whose port it takes for theirs; nothing on the wire tells.
    pub(super) fn with_ready(sockets: Vec<Arc<dyn AsyncUdpSocket>>) -> Self {
        Self::with(sockets, None)
    }

    fn with(ready: Vec<Arc<dyn AsyncUdpSocket>>, guard: Option<Arc<dyn Guard>>) -> Self {
        Self {
            tokio: TokioRuntime,
            ready: Mutex::new(ready),
            guard,
            turns: Turns::default(),
        }
    }

    /// Told whenever the stack asks one of these sockets for more.
    pub(super) fn turns(&self) -> Turns {
        self.turns.clone()
    }

    /// A socket of tokio's with larger buffers.
    pub(super) fn wrap(socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let socket = socket2::Socket::from(socket);
        enlarge(&socket);
        TokioRuntime.wrap_udp_socket(socket.into())
    }

    fn take_ready(&self, at: SocketAddr) -> Option<Arc<dyn AsyncUdpSocket>> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |socket: &Arc<dyn AsyncUdpSocket>| {
            socket.local_addr().is_ok_and(|addr| addr.ip() == at.ip())
        };
        let index = ready.iter().position(same)?;
        Some(ready.swap_remove(index))
    }

    /// The SCTP receive window that the kernel's buffers can take, in bytes.
    pub(super) fn receive_window() -> u32 {
        let granted = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)
            .and_then(|socket| {
                enlarge(&socket);
                socket.recv_buffer_size()
            })
            .unwrap_or(0);
        // A datagram of 1200 bytes is accounted for with up to four times its size (its buffer's
        // overhead, and Linux reports twice what may be used).
        let window = (granted / 4).clamp(SMALLEST_WINDOW, LARGEST_WINDOW);
        u32::try_from(window).unwrap_or(u32::MAX)
    }
}

fn enlarge(socket: &socket2::Socket) {
    // Best effort: a smaller buffer makes a slower link, not a broken one.
    let _ = socket.set_recv_buffer_size(BUFFER);
    let _ = socket.set_send_buffer_size(BUFFER);
}

/// Asked for; Linux grants at most `net.core.rmem_max`.
const BUFFER: usize = 4 << 20;

/// Measured without a stall at the stock Linux buffer of 208 KiB.
const SMALLEST_WINDOW: usize = 64 << 10;

/// The default of the stack.
const LARGEST_WINDOW: usize = 1 << 20;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Runtime for RoomyRuntime {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        self.tokio.spawn(task)
    }

    fn spawn_reactor(
        &self,
        pool: usize,
        task: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Box<dyn JoinHandle> {
        self.tokio.spawn_reactor(pool, task)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let socket: Arc<dyn AsyncUdpSocket> = match self.take_ready(socket.local_addr()?) {
            Some(ready) => ready,
            None => match &self.guard {
                Some(guard) => Arc::new(Guarded::new(Self::wrap(socket)?, guard.clone())),
                None => Self::wrap(socket)?,
            },
        };
        Ok(Arc::new(Watched::new(socket, self.turns())))
    }

    fn wrap_tcp_listener(
        &self,
        listener: std::net::TcpListener,
    ) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.tokio.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(&'a self, to: SocketAddr) -> Boxed<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.tokio.connect_tcp(to)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        // The stack leaves out the brackets around an IPv6 address of a relay.
        let bare = host
            .rsplit_once(':')
            .filter(|(ip, _)| !ip.starts_with('[') && ip.parse::<std::net::Ipv6Addr>().is_ok());
        if let Some((ip, port)) = bare
            && let (Ok(ip), Ok(port)) = (ip.parse::<IpAddr>(), port.parse())
        {
            return Box::pin(async move { Ok(vec![SocketAddr::new(ip, port)]) });
        }
        self.tokio.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.tokio.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.tokio.interval(period)
    }

    fn block_on(&self, task: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.tokio.block_on(task);
    }
}

impl fmt::Debug for RoomyRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomyRuntime")
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_within_its_bounds_whatever_the_kernel_grants() {
        let window = RoomyRuntime::receive_window() as usize;
        assert!((SMALLEST_WINDOW..=LARGEST_WINDOW).contains(&window));
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the socket is what is tested")]
    async fn a_wrapped_socket_has_at_least_the_buffer_it_came_with() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let twin = socket2::Socket::from(socket.try_clone().unwrap());
        let before = twin.recv_buffer_size().unwrap();
        let wrapped = RoomyRuntime::new().wrap_udp_socket(socket).unwrap();
        let after = twin.recv_buffer_size().unwrap();
        assert!(after >= before, "{before} -> {after}");
        drop(wrapped);
    }
}
