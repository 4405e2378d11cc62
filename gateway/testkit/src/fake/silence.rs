//! A port that nobody should ever come to.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{net::TcpListener, task::AbortHandle};

/// Listens on an address of this machine and counts who comes, until it is dropped.
#[derive(Debug)]
pub struct SilentPort {
    address: SocketAddr,
    visitors: Arc<AtomicUsize>,
    accepting: AbortHandle,
}

impl SilentPort {
    /// On a free port of this address.
    pub async fn on(address: IpAddr) -> Self {
        let socket = TcpListener::bind((address, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let visitors = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&visitors);
        let accepting = tokio::spawn(async move {
            while socket.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            address,
            visitors,
            accepting: accepting.abort_handle(),
        }
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections there were. What comes is hung up on at once.
    pub fn visitors(&self) -> usize {
        self.visitors.load(Ordering::Relaxed)
    }
}

impl Drop for SilentPort {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
