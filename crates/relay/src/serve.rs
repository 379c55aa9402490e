//! Accepts connections, caps them, and stops gracefully.

use crate::ask::{Recipients, Sink};
use crate::connection::{self, Connection};
use crate::load::Load;
use crate::settings::Settings;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Serves SMTP on `listener` until `shutdown` becomes true (or its sender is gone), then until the messages in data
/// have ended, at most [`crate::Times::stop_grace`] longer.
pub async fn serve<R: Recipients, S: Sink>(
    listener: TcpListener,
    settings: Arc<Settings>,
    recipients: Arc<R>,
    sink: Arc<S>,
    shutdown: watch::Receiver<bool>,
) {
    let mut stop = shutdown.clone();
    let load = Arc::new(Load::default());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if let Some(connection) =
                        welcome(stream, &settings, &load, &recipients, &sink, &shutdown)
                    {
                        connections.spawn(connection.run());
                    }
                }
                Err(error) => pause_after(&error).await,
            },
            Some(ended) = connections.join_next(), if !connections.is_empty() => note(ended),
            () = stop_asked(&mut stop) => break,
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

/// Ends when the stop is asked, or when nobody is left who could ask.
pub(crate) async fn stop_asked(shutdown: &mut watch::Receiver<bool>) {
    if shutdown.wait_for(|&stop| stop).await.is_err() {
        tracing::debug!("whoever could stop the relay is gone");
    }
}

fn welcome<R: Recipients, S: Sink>(
    stream: TcpStream,
    settings: &Arc<Settings>,
    load: &Arc<Load>,
    recipients: &Arc<R>,
    sink: &Arc<S>,
    shutdown: &watch::Receiver<bool>,
) -> Option<Connection<R, S>> {
    let address = match stream.set_nodelay(true).and_then(|()| stream.peer_addr()) {
        Ok(address) => address.ip(),
        Err(error) => {
            tracing::debug!(%error, "client was gone before its greeting");
            return None;
        }
    };
    let place = load.enter(address, settings.connections_max, settings.connections_per_address_max);
    let Some(place) = place else {
        tracing::warn!(%address, "too many connections");
        connection::turn_away(&stream);
        return None;
    };
    Some(Connection::new(stream, address, place, settings, recipients, sink, shutdown))
}

/// Out of descriptors or memory: accepting again at once would only spin.
async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "cannot accept connections");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a session ended by a fault of ours; its message was not accepted");
    }
}
