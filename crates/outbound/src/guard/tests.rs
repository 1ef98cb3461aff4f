#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
};

use proptest::prelude::*;
use reqwest::dns::Resolve;

use super::{
    networks::{reserved, v4_table},
    resolver::{GuardedResolver, Lookup},
    *,
};

const GUARD: Guard = Guard { allow_private: false };

/// Addresses that are refused as they stand, each with a part of the reason.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    // Other schemes, other forms.
    ("ftp://8.8.8.8/", "only http"),
    ("file:///etc/passwd", "only http"),
    ("gopher://8.8.8.8:25/_HELO", "only http"),
    ("data:text/plain,x", "only http"),
    ("javascript:alert(1)", "only http"),
    ("ws://8.8.8.8/", "only http"),
    ("unix:///run/docker.sock", "only http"),
    ("", "not an address"),
    ("8.8.8.8", "not an address"),
    ("//8.8.8.8/", "not an address"),
    ("http://", "not an address"),
    ("http://exa mple.com/", "not an address"),
    ("http://[::1/", "not an address"),
    ("http://8.8.8.8:99999/", "not an address"),
    ("http://256.256.256.256/", "not an address"),
    ("http://1.2.3.4.5/", "not an address"),
    ("http://./", "no host"),
    // User names and passwords, which also make the host hard to see.
    ("http://user@8.8.8.8/", "user name"),
    ("http://user:password@8.8.8.8/", "user name"),
    ("http://:password@8.8.8.8/", "user name"),
    ("http://8.8.8.8@127.0.0.1/", "user name"),
    ("http://8.8.8.8:80@10.0.0.1/", "user name"),
    // Ports.
    ("http://8.8.8.8:0/", "port"),
    ("http://8.8.8.8:25/", "port"),
    ("https://example.com:25/", "port"),
    // Names that are local by definition.
    ("http://localhost/", "local name"),
    ("http://LOCALHOST:8080/", "local name"),
    ("http://localhost./", "local name"),
    ("http://localhost../", "local name"),
    ("http://a.b.LocalHost/", "local name"),
    ("http://loc%61lhost/", "local name"),
    ("http://ｌｏｃａｌｈｏｓｔ/", "local name"),
    ("http://printer.local/", "local name"),
    ("http://printer.local./", "local name"),
    ("http://metadata.google.internal/computeMetadata/v1/", "local name"),
    ("http://internal/", "local name"),
    // Numbers, one line of the table each.
    ("http://0.0.0.0/", "this network"),
    ("http://0.255.255.255/", "this network"),
    ("http://10.0.0.0/", "private"),
    ("http://10.255.255.255/", "private"),
    ("http://100.64.0.0/", "shared"),
    ("http://100.100.100.200/", "shared"),
    ("http://100.127.255.255/", "shared"),
    ("http://127.0.0.1/", "loopback"),
    ("http://127.255.255.255/", "loopback"),
    ("http://168.63.129.16/", "cloud host"),
    ("http://169.254.169.254/latest/meta-data/", "link-local"),
    ("http://172.16.0.0/", "private"),
    ("http://172.31.255.255/", "private"),
    ("http://192.0.0.192/", "protocol"),
    ("http://192.0.2.1/", "documentation"),
    ("http://192.88.99.1/", "6to4"),
    ("http://192.168.0.1/", "private"),
    ("http://192.168.255.255/", "private"),
    ("http://198.18.0.1/", "benchmarking"),
    ("http://198.19.255.255/", "benchmarking"),
    ("http://198.51.100.1/", "documentation"),
    ("http://203.0.113.1/", "documentation"),
    ("http://224.0.0.1/", "multicast"),
    ("http://239.255.255.255/", "multicast"),
    ("http://240.0.0.1/", "reserved"),
    ("http://255.255.255.255/", "broadcast"),
    // The same in other spellings.
    ("http://2130706433/", "loopback"),
    ("http://0x7f000001/", "loopback"),
    ("http://017700000001/", "loopback"),
    ("http://0x7f.1/", "loopback"),
    ("http://0X7F.0x0.0x0.0x1/", "loopback"),
    ("http://0177.0.0.1/", "loopback"),
    ("http://0000177.0.0.01/", "loopback"),
    ("http://127.1/", "loopback"),
    ("http://127.0.1/", "loopback"),
    ("http://127.0.0.1./", "loopback"),
    ("http://0/", "this network"),
    ("http://0x0/", "this network"),
    ("http://%31%32%37.0.0.1/", "loopback"),
    ("http://127%2e0%2e0%2e1/", "loopback"),
    ("http://１２７.０.０.１/", "loopback"),
    ("http://①②⑦.⓪.⓪.①/", "loopback"),
    ("http://127。0。0。1/", "loopback"),
    ("http://12\u{ad}7.0.0.1/", "loopback"),
    ("http://1\t27.0.0.1/", "loopback"),
    ("  http://127.0.0.1/  ", "loopback"),
    ("http:127.0.0.1", "loopback"),
    ("http:/127.0.0.1", "loopback"),
    ("http:\\\\127.0.0.1\\", "loopback"),
    ("http:///127.0.0.1/", "loopback"),
    ("http://127.0.0.1\\@8.8.8.8/", "loopback"),
    ("http://127.0.0.1#@8.8.8.8/", "loopback"),
    ("http://127.0.0.1?@8.8.8.8/", "loopback"),
    ("http://2852039166/", "link-local"),
    ("http://0xa9fea9fe/", "link-local"),
    ("http://0xA9.254.0251.0376/", "link-local"),
    ("http://10.1/", "private"),
    ("http://192.168.257/", "private"),
    // IPv6.
    ("http://[::]/", "unspecified"),
    ("http://[::1]/", "loopback"),
    ("http://[0:0:0:0:0:0:0:1]:8080/", "loopback"),
    ("http://[fc00::1]/", "private"),
    ("http://[fd00:ec2::254]/", "private"),
    ("http://[fe80::1]/", "link-local"),
    ("http://[febf::1]/", "link-local"),
    ("http://[fec0::1]/", "site-local"),
    ("http://[ff02::1]/", "multicast"),
    ("http://[2001:db8::1]/", "documentation"),
    ("http://[3fff::1]/", "documentation"),
    ("http://[100::1]/", "discard-only"),
    ("http://[5f00::1]/", "segment routing"),
    ("http://[2001:2::1]/", "protocol"),
    ("http://[2001:10::1]/", "protocol"),
    ("http://[2001:20::1]/", "protocol"),
    ("http://[200::1]/", "not global unicast"),
    ("http://[4000::1]/", "not global unicast"),
    ("http://[64:ff9a::8.8.8.8]/", "not global unicast"),
    // IPv4 inside IPv6. Public ones too, but for NAT64: nobody needs to be called that way.
    ("http://[::ffff:127.0.0.1]/", "IPv4-mapped"),
    ("http://[::ffff:7f00:1]/", "IPv4-mapped"),
    ("http://[0:0:0:0:0:FFFF:a9fe:a9fe]/", "IPv4-mapped"),
    ("http://[::ffff:8.8.8.8]/", "IPv4-mapped"),
    ("http://[::127.0.0.1]/", "IPv4-compatible"),
    ("http://[::a9fe:a9fe]/", "IPv4-compatible"),
    ("http://[::ffff:0:127.0.0.1]/", "IPv4-translated"),
    ("http://[64:ff9b::127.0.0.1]/", "loopback"),
    ("http://[64:ff9b::a9fe:a9fe]/", "link-local"),
    ("http://[64:ff9b::10.0.0.1]/", "private"),
    ("http://[64:ff9b:1::10.0.0.1]/", "local NAT64"),
    ("http://[64:ff9b:1::8.8.8.8]/", "local NAT64"),
    ("http://[2002:7f00:1::]/", "6to4"),
    ("http://[2002:808:808::]/", "6to4"),
    ("http://[2001:0:7f00:1::]/", "Teredo"),
    ("http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "Teredo"),
    ("http://[2a00:1450::5efe:10.0.0.1]/", "ISATAP"),
    ("http://[2a00:1450::200:5efe:127.0.0.1]/", "ISATAP"),
];

/// Next door to what is refused.
const ALLOWED: &[&str] = &[
    "http://1.0.0.0/",
    "http://8.8.8.8/",
    "https://9.255.255.255:8443/hook?x=y#z",
    "http://11.0.0.0/",
    "http://100.63.255.255/",
    "http://100.128.0.0/",
    "http://126.255.255.255/",
    "http://128.0.0.0/",
    "http://168.63.129.15/",
    "http://169.253.255.255/",
    "http://172.15.255.255/",
    "http://172.32.0.0/",
    "http://191.255.255.255/",
    "http://192.0.1.0/",
    "http://192.167.255.255/",
    "http://198.17.255.255/",
    "http://198.20.0.0/",
    "http://203.0.112.255/",
    "http://223.255.255.255/",
    "http://134744072/",
    "http://[2001:200::1]/",
    "http://[2001:4860:4860::8888]/",
    "http://[2003::1]/",
    "https://[2606:4700:4700::1111]:8443/",
    "http://[2a00:1450:4001:81b::200e]/",
    "http://[64:ff9b::8.8.8.8]/",
    "https://example.com/",
    "https://example.com./",
    "https://localhost.example.com/",
    "https://notlocalhost/",
    "https://bücher.example/",
];

#[test]
fn what_is_not_public_is_refused() {
    for (address, reason) in REFUSED {
        match GUARD.read(address) {
            Err(Failure::Refused(why)) => assert!(why.contains(reason), "{address}: {why}"),
            other => panic!("{address}: {other:?}"),
        }
    }
    assert!(GUARD.read(&format!("http://8.8.8.8/{}", "x".repeat(MAX_URL_BYTES))).is_err());
}

#[test]
fn what_is_public_is_called() {
    for address in ALLOWED {
        assert!(GUARD.read(address).is_ok(), "{address}: {:?}", GUARD.read(address));
    }
}

#[test]
fn allowing_private_addresses_allows_nothing_else() {
    let guard = Guard { allow_private: true };
    let form = ["only http", "not an address", "no host", "user name", "port"];
    for (address, reason) in REFUSED {
        assert_eq!(guard.read(address).is_err(), form.contains(reason), "{address}");
    }
}

#[test]
fn reasons_hold_no_secrets() {
    for address in [
        "http://user:hunter2@10.0.0.1/",
        "http://10.0.0.1/hunter2?hunter2#hunter2",
        "hunter2://hunter2",
        "http://hunter2:x",
    ] {
        let why = GUARD.read(address).unwrap_err().to_string();
        assert!(!why.contains("hunter2") && !why.ends_with('.'), "{why}");
    }
}

fn resolver(found: &[&str]) -> GuardedResolver {
    let found: Vec<IpAddr> = found.iter().map(|ip| ip.parse().unwrap()).collect();
    let lookup: Lookup = Arc::new(move |_| {
        let found = found.clone();
        Box::pin(async move { Ok(found) })
    });
    GuardedResolver { guard: GUARD, lookup }
}

async fn resolve(resolver: &GuardedResolver, name: &str) -> Result<Vec<String>, Failure> {
    let found = resolver.resolve(name.parse().unwrap()).await;
    found
        .map(|addresses| addresses.map(|address| address.ip().to_string()).collect())
        .map_err(|error| error.downcast_ref::<Failure>().cloned().unwrap())
}

#[tokio::test]
async fn a_name_is_as_good_as_its_worst_address() {
    for found in [
        &["127.0.0.1"][..],
        &["::1"],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["fd00::1"],
        &["::ffff:10.0.0.1"],
        &["64:ff9b::c0a8:1"],
        &["0.0.0.0"],
        &["::"],
        &["8.8.8.8", "127.0.0.1"],
        &["127.0.0.1", "8.8.8.8"],
        &["8.8.8.8", "2001:4860:4860::8888", "fe80::1"],
        &["2001:4860:4860::8888", "192.168.1.1", "8.8.4.4"],
    ] {
        let result = resolve(&resolver(found), "inside.example").await;
        assert!(matches!(result, Err(Failure::Refused(_))), "{found:?}: {result:?}");
    }
    let both = ["8.8.8.8", "2001:4860:4860::8888"];
    assert_eq!(resolve(&resolver(&both), "outside.example").await.unwrap(), both);
    assert!(matches!(resolve(&resolver(&[]), "nowhere.example").await, Err(Failure::Later(_))));
}

#[tokio::test]
async fn each_look_up_is_checked() {
    let answers = Mutex::new(vec!["127.0.0.1", "8.8.8.8"]);
    let lookup: Lookup = Arc::new(move |_| {
        let answer = answers.lock().unwrap().pop().unwrap();
        Box::pin(async move { Ok(vec![answer.parse().unwrap()]) })
    });
    let resolver = GuardedResolver { guard: GUARD, lookup };
    assert_eq!(resolve(&resolver, "rebinding.example").await.unwrap(), ["8.8.8.8"]);
    assert!(matches!(resolve(&resolver, "rebinding.example").await, Err(Failure::Refused(_))));
}

#[tokio::test]
async fn the_system_is_asked() {
    let found = resolver::system_lookup()("localhost".to_owned()).await.unwrap();
    assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    // More than there are turns for.
    let lookup = resolver::system_lookup();
    for _ in 0..100 {
        drop(lookup("localhost".to_owned()));
    }
    assert!(lookup("localhost".to_owned()).await.is_ok());
}

/// An IPv4 address that is reserved: a line of the table and any bits behind its prefix.
fn reserved_v4() -> impl Strategy<Value = Ipv4Addr> {
    (0..v4_table().len(), any::<u32>()).prop_map(|(line, bits)| {
        let (net, prefix, _) = v4_table()[line];
        let host_bits = u32::MAX.checked_shr(prefix).unwrap_or(0);
        Ipv4Addr::from_bits(net.to_bits() | (bits & host_bits))
    })
}

/// Every way of writing an IPv4 address into an IPv6 one that some router or kernel understands. `noise` fills what is free.
fn disguises(ip: Ipv4Addr, noise: u128) -> Vec<(&'static str, Ipv6Addr)> {
    let v4 = u128::from(ip.to_bits());
    let prefix = |prefix: u128, bits: u32| (prefix << (128 - bits)) | (noise >> bits);
    let low = |high: u128| ((high >> 32) << 32) | v4;
    let forms = [
        ("mapped", low(0xffff_0000_0000)),
        ("compatible", low(0)),
        ("translated", low(0xffff_0000_0000_0000)),
        ("NAT64", low(0x0064_ff9b << 96)),
        ("local NAT64, /96", low(prefix(0x0064_ff9b_0001, 48))),
        ("local NAT64, /48", (0x0064_ff9b_0001 << 80) | ((v4 >> 16) << 64) | ((v4 & 0xffff) << 40)),
        ("6to4", prefix((0x2002 << 32) | v4, 48)),
        ("Teredo server", prefix((0x2001_0000 << 32) | v4, 64)),
        ("Teredo client", low(prefix(0x2001_0000, 32)) ^ 0xffff_ffff),
        ("ISATAP", ((0x2a00_1450 << 96) | (noise >> 64 << 64) & (0xffff_ffff << 64)) | (0x5efe << 32) | v4),
        ("ISATAP, unique", (0x2a00_1450 << 96) | (0x0200_5efe << 32) | v4),
    ];
    forms.into_iter().map(|(form, bits)| (form, Ipv6Addr::from_bits(bits))).collect()
}

proptest! {
    #[test]
    fn no_disguise_helps(ip in reserved_v4(), noise in any::<u128>()) {
        prop_assert!(reserved(ip.into()).is_some(), "{ip}");
        for (form, disguised) in disguises(ip, noise) {
            prop_assert!(reserved(disguised.into()).is_some(), "{ip} as {form}: {disguised}");
            let address = format!("http://[{disguised}]/");
            prop_assert!(GUARD.read(&address).is_err(), "{}", address);
        }
    }

    #[test]
    fn spellings_of_a_number_are_one_number(ip in any::<u32>()) {
        let expected = GUARD.read(&format!("http://{}/", Ipv4Addr::from_bits(ip))).is_ok();
        for spelling in [format!("{ip}"), format!("{ip:#x}"), format!("{ip:#X}.").replace("0X", "0x"), format!("0{ip:o}")] {
            prop_assert_eq!(GUARD.read(&format!("http://{}/", spelling)).is_ok(), expected, "{}", spelling);
        }
    }

    #[test]
    fn nothing_panics(address in ".*") {
        let _ = GUARD.read(&address);
    }
}
