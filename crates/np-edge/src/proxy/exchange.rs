//! What is known of one request, and what becomes of it: one count and one line of the access log when it has ended.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Instant};

use http::{HeaderValue, Version, header, request};
use np_domain::entry::ZoneEntry;

use crate::{
    access_log::{AccessLog, Line},
    metrics::RequestOutcome,
    proxy::{client::Client, failure::Failure},
    table::Found,
    watch::{Clock, Entered},
    worker::Worker,
};

/// One request. It ends, and is counted, when this is dropped.
pub(crate) struct Exchange {
    pub(crate) client: Rc<Client>,
    pub(crate) clock: Entered<Clock>,
    pub(crate) request_id: HeaderValue,
    /// Lower case, without port.
    pub(crate) host: String,
    pub(crate) found: Option<Found>,
    /// The zone of what was found.
    pub(crate) zone: Option<Arc<ZoneEntry>>,
    /// The address that the request was sent to.
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) outcome: RequestOutcome,
    /// The status that the client was told, 0 before.
    pub(crate) status: u16,
    pub(crate) failure: Option<Failure>,
    /// What went wrong in the words of whoever noticed, for the log.
    pub(crate) detail: Option<String>,
    pub(crate) sent_bytes: u64,
    worker: Rc<Worker>,
    start: Instant,
    asked: Option<Box<Asked>>,
}

/// What the access log says of the request's head, kept only where there is a log.
struct Asked {
    drawn: bool,
    method: http::Method,
    /// Queries are left out: they carry secrets of people who did not ask us to keep them.
    path: String,
    version: Version,
    user_agent: Option<String>,
}

impl Asked {
    fn of(head: &request::Parts, log: &AccessLog) -> Self {
        let agent = head.headers.get(header::USER_AGENT);
        Self {
            drawn: log.draws(),
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            version: head.version,
            user_agent: agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
        }
    }
}

impl Exchange {
    pub(crate) fn new(
        worker: &Rc<Worker>,
        client: Rc<Client>,
        head: &request::Parts,
        request_id: HeaderValue,
    ) -> Self {
        let log = worker.shared.access_log.as_ref();
        Self {
            client,
            clock: worker.watch.clock(),
            request_id,
            host: String::new(),
            found: None,
            zone: None,
            upstream: None,
            outcome: RequestOutcome::Aborted,
            status: 0,
            failure: None,
            detail: None,
            sent_bytes: 0,
            worker: Rc::clone(worker),
            start: Instant::now(),
            asked: log.map(|log| Box::new(Asked::of(head, log))),
        }
    }

    fn log(&self, log: &AccessLog, asked: &Asked) {
        let served = self.found.as_ref().and_then(Found::served);
        let mut line = Line::new();
        let now = self.worker.shared.clock.now();
        line.text("time", &now.to_string());
        line.text("request_id", self.request_id.to_str().unwrap_or_default());
        line.text("client", &self.client.address.ip().to_string());
        line.text("scheme", self.client.port.proto());
        line.text("host", &self.host);
        line.text_if("owner", served.map(|served| served.owner.to_string()));
        line.text_if("zone", served.map(|served| served.zone.to_string()));
        line.text("method", asked.method.as_str());
        line.text("path", &asked.path);
        line.text("version", &format!("{:?}", asked.version));
        line.text_if("tls", self.client.tls_version());
        line.number("status", self.status.into());
        line.text("outcome", self.outcome.as_str());
        line.text_if("failure", self.failure.map(Failure::name));
        line.text_if("detail", self.detail.as_deref());
        line.text_if("upstream", self.upstream.map(|address| address.to_string()));
        line.number("sent_bytes", self.sent_bytes);
        line.number(
            "duration_us",
            u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
        );
        line.text_if("user_agent", asked.user_agent.as_deref());
        log.add(line);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let shared = &self.worker.shared;
        shared.metrics.request(self.outcome, self.status);
        if let Some(zone) = &self.zone {
            self.worker.zone_counts.count(zone.zone, self.outcome);
        }
        self.client.rests();
        let refused = self.failure.is_some();
        if let (Some(log), Some(asked)) = (&shared.access_log, &self.asked)
            && (asked.drawn || refused)
        {
            self.log(log, asked);
        }
    }
}
