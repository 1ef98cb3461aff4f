//! Somebody who asks all the time whether the server is alive, and how long that takes at worst.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// The slowest answers while something else goes on.
#[derive(Debug)]
pub struct Slowest {
    /// Of the server.
    probe: Tail,
    /// Of a thread that does nothing but answer: what the machine costs.
    echo: Tail,
}

/// What the slowest of many took, and what all but one in a thousand took at most.
#[derive(Debug)]
struct Tail {
    slowest: Duration,
    most: Duration,
}

impl Tail {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let most = times.len() - 1 - times.len() / 1_000;
        Self { slowest: times[times.len() - 1], most: times[most] }
    }
}

impl Slowest {
    /// Asks, in turn, for the server's health and for an echo, as often as they answer.
    pub fn while_(address: SocketAddr, goes_on: impl Fn() -> bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        thread::scope(|scope| {
            let mut echo = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            scope.spawn(|| serve_echo(listener.accept().unwrap().0));
            let (mut probes, mut echoes) = (Vec::new(), Vec::new());
            let mut connection = TcpStream::connect(address).unwrap();
            loop {
                let began = Instant::now();
                probe(&mut connection);
                probes.push(began.elapsed());
                let began = Instant::now();
                echo.write_all(b"?").unwrap();
                echo.read_exact(&mut [0]).unwrap();
                echoes.push(began.elapsed());
                if !goes_on() {
                    return Self { probe: Tail::of(probes), echo: Tail::of(echoes) };
                }
            }
        })
    }

    /// What is left of the slowest when what the machine itself makes anybody wait at that time is taken off.
    pub fn of_the_server(&self) -> Duration {
        self.probe.slowest.saturating_sub(self.echo.slowest)
    }

    /// What all but one in a thousand of the server's took at most: a machine with other work makes this one or that one wait, and which
    /// it is tells nothing.
    pub const fn mostly(&self) -> Duration {
        self.probe.most
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
