//! `[throttle]`: how much may be asked within a minute.

use library::Throttle;
use serde::Deserialize;
use wire::Proxies;

use super::{BadSettings, Settings};

/// `[throttle]`; see [`Throttle`].
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleSettings {
    /// See [`Throttle::requests_per_address`].
    pub requests_per_address: u32,
    /// See [`Throttle::requests_per_key`].
    pub requests_per_key: u32,
    /// See [`Throttle::wrong_keys_per_address`].
    pub wrong_keys_per_address: u32,
    /// See [`Throttle::guesses_per_address`].
    pub guesses_per_address: u32,
    /// See [`Throttle::guesses_per_account`].
    pub guesses_per_account: u32,
}

impl ThrottleSettings {
    pub(super) const fn library(self) -> Throttle {
        Throttle {
            requests_per_address: self.requests_per_address,
            requests_per_key: self.requests_per_key,
            wrong_keys_per_address: self.wrong_keys_per_address,
            guesses_per_address: self.guesses_per_address,
            guesses_per_account: self.guesses_per_account,
        }
    }
}

impl Settings {
    /// The proxies that are believed.
    pub(crate) fn proxies(&self) -> Result<Proxies, BadSettings> {
        let proxies = Proxies::parse(&self.trusted_proxies);
        proxies.map_err(|text| BadSettings(format!("trusted_proxies: {text} is neither an address nor a network")))
    }
}
