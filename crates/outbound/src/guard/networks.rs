//! Which IP addresses are not those of public hosts, as tables, after IANA's two registries of special-purpose addresses.
//!
//! The tables say more than they must: an IPv6 address outside 2000::/3 is refused whether or not a line names it. The lines give reasons.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by carriers"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    // Not reserved: Microsoft's own, and the same door to the host in every machine of Azure.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "cloud host"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(255, 255, 255, 255), 32, "broadcast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// The first line that fits gives the reason.
const V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::UNSPECIFIED, 96, "IPv4-compatible"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "IPv4-mapped"),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, "IPv4-translated"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "local NAT64"),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "discard-only"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "Teredo"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignments"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, "segment routing"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "site-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// NAT64's well-known prefix, with an IPv4 address in the last 32 bits: networks without IPv4 reach public IPv4 hosts by it.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// What IANA gives out to networks.
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Why `ip` is not the address of a public host; `None` if it may be one.
pub(super) fn reserved(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => reserved_v4(ip),
        IpAddr::V6(ip) => reserved_v6(ip),
    }
}

fn reserved_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let ip = ip.to_bits();
    V4.iter().find(|(net, bits, _)| (ip ^ net.to_bits()) >> (32 - bits) == 0).map(|(_, _, why)| *why)
}

fn reserved_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let inside = |(net, bits): (Ipv6Addr, u32)| (ip.to_bits() ^ net.to_bits()) >> (128 - bits) == 0;
    if inside(NAT64) {
        let [.., a, b, c, d] = ip.octets();
        return reserved_v4(Ipv4Addr::new(a, b, c, d));
    }
    if let Some((_, _, why)) = V6.iter().find(|(net, bits, _)| inside((*net, *bits))) {
        return Some(why);
    }
    if is_isatap(ip) {
        return Some("ISATAP");
    }
    (!inside(GLOBAL_UNICAST)).then_some("not global unicast")
}

/// Whether the lower half is an ISATAP interface id, `[02]00:5efe:` and an IPv4 address, which the router of that prefix tunnels to.
fn is_isatap(ip: Ipv6Addr) -> bool {
    let [_, _, _, _, flags, marker, _, _] = ip.segments();
    matches!(flags, 0 | 0x200) && marker == 0x5efe
}

/// The IPv4 table, for tests that try every line in every disguise.
#[cfg(test)]
pub(super) fn v4_table() -> &'static [(Ipv4Addr, u32, &'static str)] {
    V4
}
