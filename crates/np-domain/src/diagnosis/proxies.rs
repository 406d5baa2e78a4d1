//! CDNs and proxies that are known by their names or by what they write into answers.

use super::sight::{WebAnswer, WebOutcome};
use crate::{name::DnsName, text::Explanation};

/// The domains that CNAMEs of their customers lead to.
const TARGETS: [(&str, &str); 17] = [
    ("akamaiedge.net", "Akamai"),
    ("azureedge.net", "Azure CDN"),
    ("azurefd.net", "Azure Front Door"),
    ("b-cdn.net", "bunny.net"),
    ("cdn.cloudflare.net", "Cloudflare"),
    ("cdn77.org", "CDN77"),
    ("cloudfront.net", "CloudFront"),
    ("edgekey.net", "Akamai"),
    ("edgesuite.net", "Akamai"),
    ("fastly.net", "Fastly"),
    ("fastlylb.net", "Fastly"),
    ("incapdns.net", "Imperva"),
    ("kxcdn.com", "KeyCDN"),
    ("netlify.app", "Netlify"),
    ("netlifyglobalcdn.com", "Netlify"),
    ("sucuri.net", "Sucuri"),
    ("vercel-dns.com", "Vercel"),
];

/// Headers that only they write.
const HEADERS: [(&str, &str); 10] = [
    ("cf-ray", "Cloudflare"),
    ("x-akamai-transformed", "Akamai"),
    ("x-amz-cf-id", "CloudFront"),
    ("x-azure-ref", "Azure Front Door"),
    ("x-fastly-request-id", "Fastly"),
    ("x-iinfo", "Imperva"),
    ("x-nf-request-id", "Netlify"),
    ("x-served-by", "Fastly"),
    ("x-sucuri-id", "Sucuri"),
    ("x-vercel-id", "Vercel"),
];

/// What they call themselves in `server`.
const SERVERS: [(&str, &str); 8] = [
    ("akamaighost", "Akamai"),
    ("bunnycdn", "bunny.net"),
    ("cloudflare", "Cloudflare"),
    ("cloudfront", "CloudFront"),
    ("keycdn", "KeyCDN"),
    ("netlify", "Netlify"),
    ("sucuri", "Sucuri"),
    ("vercel", "Vercel"),
];

/// Headers that [`by_headers`] reads, besides `server`: all else need not be kept.
pub const HEADERS_KEPT: [&str; 12] = [
    "cf-ray",
    "server",
    "via",
    "x-akamai-transformed",
    "x-amz-cf-id",
    "x-azure-ref",
    "x-fastly-request-id",
    "x-iinfo",
    "x-nf-request-id",
    "x-served-by",
    "x-sucuri-id",
    "x-vercel-id",
];

/// Whose name that is.
pub(super) fn by_target(target: &DnsName) -> Option<&'static str> {
    let known = TARGETS.iter().find(|(domain, _)| target.is_within(domain));
    known.map(|(_, proxy)| *proxy)
}

/// Who wrote the answer.
pub(super) fn by_headers(outcome: &WebOutcome) -> Option<String> {
    let WebOutcome::Answered(WebAnswer { headers, .. }) = outcome else { return None };
    let value = |name: &str| headers.iter().find(|(key, _)| **key == *name).map(|(_, value)| value);
    if let Some((_, proxy)) = HEADERS.iter().find(|(header, _)| value(header).is_some()) {
        return Some((*proxy).to_owned());
    }
    let server = value("server").map(Explanation::as_str).unwrap_or_default().to_ascii_lowercase();
    if let Some((_, proxy)) = SERVERS.iter().find(|(word, _)| server.contains(word)) {
        return Some((*proxy).to_owned());
    }
    value("via").map(|via| format!("a proxy that calls itself \"{via}\""))
}
