//! The model server: the protocol over HTTP/1.1 for any [`ServedModel`], with the statuses of boileroom's own server. Does not know
//! models or processes.

mod routes;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::Secret;
use crate::prediction::{Prediction, Request};

/// The time limit for the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The connections that are served at once. Further ones wait in the system's queue.
const MOST_CONNECTIONS: usize = 128;

/// A model that can be called.
pub trait ServedModel: Send + Sync + 'static {
    /// Makes a prediction. Blocks its thread.
    ///
    /// # Errors
    /// The message of the exception that the model would raise.
    fn predict(&self, request: &Request) -> Result<Prediction, String>;
}

/// A model behind the protocol.
pub struct ModelServer<M> {
    model: Arc<M>,
    secret: Option<Secret>,
    /// Calls run one at a time.
    turn: Arc<Semaphore>,
}

impl<M: ServedModel> ModelServer<M> {
    /// A server of a loaded model. Without a secret it is ready but fails every call, as boileroom's server does.
    #[must_use]
    pub fn new(model: M, secret: Option<Secret>) -> Arc<Self> {
        Arc::new(Self { model: Arc::new(model), secret, turn: Arc::new(Semaphore::new(1)) })
    }

    /// Serves until `stop` completes, then accepts no new connections and finishes the current calls. A connection that breaks does not
    /// affect others.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                (stream, place) = accept(&listener, &places) => {
                    let connection = Arc::clone(&self).converse(stream, stopped.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
            }
        }
        drop(listener);
        // Fails only if there are no connections.
        let _ = stopping.send(true);
        while connections.join_next().await.is_some() {}
    }

    /// Serves one connection to its end.
    async fn converse(self: Arc<Self>, stream: TcpStream, mut stopped: watch::Receiver<bool>) {
        // Small responses must not wait to be merged. The option is not essential.
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request| {
            let server = Arc::clone(&self);
            async move { Ok::<_, std::convert::Infallible>(server.respond(request).await) }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_LIMIT)
                .serve_connection(TokioIo::new(stream), service)
        );
        // Errors are ignored: the client has its response, or is gone.
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }
}

/// The next connection. Waits if too many are open.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            // A client gave up, or the process has no descriptors left until a connection ends.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
