//! A foreign server takes the port of an instance's server before that server does. Needs the module `witness`.

use hydrotest::backend::Instance;
use hydrotest::prediction::{Input, Method, Options, Request, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::witness::Witness;

/// Responds to every request like a ready model server, until it is dropped.
fn impostor(listener: TcpListener) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let ready = b"HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"status\":\"ready\"}";
            let _ = stream.write_all(ready).await;
        }
    })
}

/// Checks that an instance whose server is `wait-then-serve` rejects the foreign server, and is started on another port.
pub async fn is_rejected_on_the_port(witness: &Witness, instance: &Instance) {
    let takeover = async {
        // The server has not bound its port yet, and the foreign server does.
        let first = witness.meet().await;
        let port: u16 = first.name.parse().unwrap();
        let impostor = impostor(TcpListener::bind(("127.0.0.1", port)).await.unwrap());
        // Only the impostor responds now: the server is stopped and started with another port.
        first.gone().await;
        let mut second = witness.meet().await;
        assert_ne!(second.name, port.to_string());
        second.order("proceed").await;
        (impostor, second)
    };
    let (started, (impostor, mut server)) = tokio::join!(instance.start(), takeover);
    started.unwrap_or_else(|error| panic!("{error}\n{}", error.log_tail.join("\n")));
    let request = Request { method: Method::Embed, input: Input::One("MALW".into()), options: Options::new() };
    let (result, ()) = tokio::join!(instance.predict(&request), server.order("proceed"));
    assert_eq!(result.unwrap().field("process"), Some(&Value::Integer(server.process.into())));
    impostor.abort();
    assert_eq!(instance.stop().await, None);
    assert_eq!(instance.take_leaks(), [""; 0]);
    server.gone().await;
}
