//! Somebody who asks all the time whether the server is alive, and how long that takes at worst.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// The slowest answers while something else goes on.
#[derive(Debug, Default)]
pub struct Slowest {
    /// Of the server.
    probe: Duration,
    /// Of a thread that does nothing but answer: what the machine costs.
    echo: Duration,
}

impl Slowest {
    /// Asks, in turn, for the server's health and for an echo, as often as they answer.
    pub fn while_(address: SocketAddr, goes_on: impl Fn() -> bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        thread::scope(|scope| {
            let mut echo = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            scope.spawn(|| serve_echo(listener.accept().unwrap().0));
            let mut slowest = Self::default();
            let mut connection = TcpStream::connect(address).unwrap();
            while goes_on() {
                let began = Instant::now();
                probe(&mut connection);
                slowest.probe = slowest.probe.max(began.elapsed());
                let began = Instant::now();
                echo.write_all(b"?").unwrap();
                echo.read_exact(&mut [0]).unwrap();
                slowest.echo = slowest.echo.max(began.elapsed());
            }
            slowest
        })
    }

    /// What is left of the slowest when what the machine itself makes anybody wait at that time is taken off.
    pub fn of_the_server(&self) -> Duration {
        self.probe.saturating_sub(self.echo)
    }
}

fn serve_echo(mut connection: TcpStream) {
    let mut byte = [0];
    while connection.read(&mut byte).is_ok_and(|read| read > 0) {
        connection.write_all(&byte).unwrap();
    }
}

fn probe(connection: &mut TcpStream) {
    connection.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; 4096];
    let mut len = 0;
    while !answer[..len].ends_with(b"{\"status\":\"ok\"}") {
        let read = connection.read(&mut answer[len..]).unwrap();
        assert_ne!(read, 0, "no answer but {:?}", String::from_utf8_lossy(&answer[..len]));
        len += read;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
}
