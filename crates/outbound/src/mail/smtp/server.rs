//! A mail server as a URL names it: `smtp://` or `smtps://`, `user:password@`, host, `:port`, `/name to say hello with`, `?tls=…`.

use lettre::transport::smtp::{
    authentication::Credentials,
    client::{Tls, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::failure::{BadConfig, innermost};

/// Where a mail server is and how it is spoken to. Read as the library reads URLs, but for what the library passes over in silence: a
/// user without a password, parameters that mean nothing, and passwords that were not escaped and end up as another part.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
}

impl Server {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, quoting nothing of it: it holds a password.
    pub(super) fn read(url: &str) -> Result<Self, BadConfig> {
        let url = Url::parse(url).map_err(|reason| bad(format!("is not usable: {reason}")))?;
        if url.fragment().is_some() || url.path().contains('@') || url.query().is_some_and(|query| query.contains('@'))
        {
            return Err(bad("has a user name or password with a #, / or ? that is not written as %23, %2F or %3F"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let (tls, usual_port) = tls(&url, &host)?;
        let port = url.port().unwrap_or(usual_port);
        Ok(Self { port, tls, hello: hello(&url)?, credentials: credentials(&url)?, host })
    }
}

/// How TLS is used, and the port that goes with it.
fn tls(url: &Url, host: &str) -> Result<(Tls, u16), BadConfig> {
    let mut asked = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" {
            return Err(bad("has a parameter other than tls"));
        }
        asked = Some(value);
    }
    let parameters = || {
        TlsParameters::new(host.to_owned())
            .map_err(|error| bad(format!("can not be used with TLS: {}", innermost(&error))))
    };
    match (url.scheme(), asked.as_deref()) {
        ("smtps", None) => Ok((Tls::Wrapper(parameters()?), 465)),
        ("smtp", None) => Ok((Tls::None, 25)),
        ("smtp", Some("opportunistic")) => Ok((Tls::Opportunistic(parameters()?), 587)),
        ("smtp", Some("required")) => Ok((Tls::Required(parameters()?), 587)),
        ("smtp", Some(_)) => Err(bad("has a tls parameter that is neither opportunistic nor required")),
        ("smtps", Some(_)) => Err(bad("has a tls parameter, which smtps:// does not take")),
        _ => Err(bad("is neither smtp:// nor smtps://")),
    }
}

fn hello(url: &Url) -> Result<ClientId, BadConfig> {
    let name = url.path().trim_matches('/');
    if name.is_empty() {
        return Ok(ClientId::default());
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')) {
        return Err(bad("has a path that is no host name"));
    }
    Ok(ClientId::Domain(name.to_owned()))
}

fn credentials(url: &Url) -> Result<Option<Credentials>, BadConfig> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| bad("has a user name or password that is not UTF-8"))
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(bad("has a password and no user name")),
        (_, None) => Err(bad("has a user name and no password")),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

fn bad(what: impl AsRef<str>) -> BadConfig {
    BadConfig(format!("the URL of the mail server {}", what.as_ref()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn urls_are_read() {
        for (url, host, port, tls) in [
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, "None"),
            ("smtp://mail.example", "mail.example", 25, "None"),
            ("smtp://[::1]:2525", "::1", 2525, "None"),
            ("smtp://mail.example?tls=opportunistic", "mail.example", 587, "Opportunistic"),
            ("smtp://u:p%40%23@mail.example/me.example?tls=required", "mail.example", 587, "Required"),
            ("smtps://u:p@mail.example", "mail.example", 465, "Wrapper"),
            ("smtps://u:p@mail.example:466/", "mail.example", 466, "Wrapper"),
        ] {
            let server = Server::read(url).unwrap();
            assert_eq!(
                (server.host.as_str(), server.port, format!("{:?}", server.tls).as_str()),
                (host, port, tls),
                "{url}"
            );
        }
        let server = Server::read("smtp://u%3A:p%40%23@mail.example/me.example").unwrap();
        assert_eq!(server.credentials, Some(Credentials::new("u:".to_owned(), "p@#".to_owned())));
        assert_eq!(server.hello, ClientId::Domain("me.example".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for url in [
            "",
            "mail.example",
            "http://u:hunter2@mail.example",
            "smtp://",
            "smtp://u:hunter2@",
            "smtp://u:hunter2@mail.example:99999",
            "smtp://u:hunter2@mail.example?tls=maybe",
            "smtps://u:hunter2@mail.example?tls=required",
            "smtp://u:hunter2@mail.example?starttls=1",
            "smtp://hunter2@mail.example",
            "smtp://:hunter2@mail.example",
            "smtp://u:%ffhunter2@mail.example",
            "smtp://u:12#hunter2@mail.example",
            "smtp://u:12/hunter2@mail.example",
            "smtp://u:12?hunter2@mail.example",
            "smtp://u:hunter2@mail.example/a%0d%0ab",
        ] {
            let error = Server::read(url).err().unwrap_or_else(|| panic!("{url} is taken")).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
