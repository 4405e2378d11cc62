//! A listener on loopback.

use std::net::SocketAddr;

use axum::Router;
use http::{HeaderValue, header};
use tokio::{net::TcpListener, sync::watch};

/// A server that goes with the value.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Listener {
    /// Listens on a free port of 127.0.0.1. Every answer closes its connection, so that a stopped server is really gone.
    pub async fn start(router: impl FnOnce(SocketAddr) -> Router) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let router = router(address).layer(axum::middleware::map_response(
            |mut response: axum::response::Response| async move {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
                response
            },
        ));
        let (stop, mut stopped) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = axum::serve(socket, router) => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
        });
        Self { address, stop }
    }

    /// Closes the port.
    pub async fn stop(&self) {
        let _ = self.stop.send(true);
        // The port is free as soon as nobody can be connected to it.
        while tokio::net::TcpStream::connect(self.address).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}
