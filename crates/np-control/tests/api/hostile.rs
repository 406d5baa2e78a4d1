//! Requests that nobody well-meaning sends: each is refused with a 4xx in the envelope.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use np_control::api::{HEADERS_MAX, JSON_DEPTH_MAX, URI_LENGTH_MAX, openapi_document, operations};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    authorization::filled,
    contract::Exchange,
    world::{World, settings},
};

/// Status and code of the answer to a request, whose envelope is held against the document.
async fn answer(world: &World, request: Request<Body>) -> (u16, u64) {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = world.router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let answered = body.collect().await.unwrap().to_bytes();
    let path = uri.path_and_query().unwrap().as_str().trim_start_matches("/client/v4");
    let (status, headers) = (head.status, &head.headers);
    let exchange =
        Exchange { method: &method, path, sent: &[], status, headers, answered: &answered };
    exchange.check();
    let body: Value = serde_json::from_slice(&answered).unwrap();
    (status.as_u16(), body["errors"][0]["code"].as_u64().unwrap_or_default())
}

fn request(world: &World, method: Method, path: &str) -> http::request::Builder {
    let request = Request::builder().method(method).uri(format!("/client/v4{path}"));
    request.header("authorization", format!("Bearer {}", world.admin))
}

async fn post_bytes(world: &World, path: &str, body: impl Into<Body>) -> (u16, u64) {
    answer(world, request(world, Method::POST, path).body(body.into()).unwrap()).await
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let nested = |open: &str, close: &str| {
        format!("{{\"x\":{}{}}}", open.repeat(JSON_DEPTH_MAX), close.repeat(JSON_DEPTH_MAX))
    };
    let bodies: [(&str, Vec<u8>); 15] = [
        ("nothing", b"".to_vec()),
        ("a space", b" ".to_vec()),
        ("a list", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("a text", b"\"hostname\"".to_vec()),
        ("half an object", b"{\"hostname\":".to_vec()),
        ("two values", b"{}{}".to_vec()),
        ("a byte order mark", b"\xEF\xBB\xBF{\"hostname\":\"a.customer.com\"}".to_vec()),
        ("UTF-16", "{\"hostname\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("invalid UTF-8", b"{\"hostname\":\"a\xFF.customer.com\"}".to_vec()),
        ("half a surrogate pair", br#"{"hostname":"\ud800.customer.com"}"#.to_vec()),
        ("a number that is too large", br#"{"hostname":1e999}"#.to_vec()),
        ("many open brackets", "[".repeat(10_000).into_bytes()),
        ("deep objects", nested("{\"x\":", "}").into_bytes()),
        ("a form", b"hostname=a.customer.com".to_vec()),
    ];
    for (what, body) in bodies {
        assert_eq!(post_bytes(&world, &path, body).await, (400, 1400), "{what}");
    }
}

#[tokio::test]
async fn a_nul_character_is_refused_wherever_it_stands() {
    let world = World::new().await;
    let path = world.hostnames().await;
    for (body, pointer) in [
        (json!({ "hostname": "a\0.customer.com" }), "/hostname"),
        (
            json!({ "hostname": "a.customer.com", "custom_metadata": { "a\0": 1 } }),
            "/custom_metadata",
        ),
        (
            json!({ "hostname": "a.customer.com", "custom_metadata": { "a": "\0" } }),
            "/custom_metadata/a",
        ),
    ] {
        assert_eq!(world.post(&path, body).await.failure(), (400, 1400, pointer));
    }
    for query in ["hostname=%00", "hostname.contain=a%00", "%00=1"] {
        assert_eq!(world.get(&format!("{path}?{query}")).await.failure(), (400, 10002, ""));
    }
}

#[tokio::test]
async fn of_a_key_that_comes_twice_the_last_counts() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = r#"{"hostname":1,"hostname":"a.customer.com"}"#;
    assert_eq!(post_bytes(&world, &path, body).await.0, 201);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_has_come() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let most = settings().body_bytes_max;
    // One that says how long it is: nothing of it is read.
    let endless = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let announced = request(&world, Method::POST, &path).header("content-length", most + 1);
    assert_eq!(answer(&world, announced.body(endless).unwrap()).await, (413, 10413));
    // One that does not, and goes on for ever: it is read up to the limit.
    let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1024])));
    assert_eq!(post_bytes(&world, &path, Body::from_stream(chunks)).await, (413, 10413));
    // Just as long as it may be.
    let body = format!("{:most$}", json!({ "hostname": "a.customer.com" }).to_string());
    assert_eq!(post_bytes(&world, &path, body).await.0, 201);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let patience = Duration::from_millis(50);
    let world =
        World::with(np_control::api::ApiSettings { body_timeout: patience, ..settings() }).await;
    let path = world.hostnames().await;
    let silent = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(post_bytes(&world, &path, silent).await, (408, 10408));
    // A byte now and then does not help.
    let dripping = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
    });
    assert_eq!(post_bytes(&world, &path, Body::from_stream(dripping)).await, (408, 10408));
    let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
    assert_eq!(post_bytes(&world, &path, Body::from_stream(broken)).await, (400, 1400));
}

#[tokio::test]
async fn encoded_bodies_are_refused_and_types_are_not_looked_at() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let send = |header: &str, value: &str| {
        let body = json!({ "hostname": "a.customer.com" }).to_string();
        let request = request(&world, Method::POST, &path).header(header, value);
        answer(&world, request.body(body.into()).unwrap())
    };
    for coding in ["gzip", "br", "identity, gzip", "nonsense"] {
        assert_eq!(send("content-encoding", coding).await, (415, 10415), "{coding}");
    }
    assert_eq!(send("content-encoding", "identity").await.0, 201);
    for kind in ["text/plain", "application/xml", "nonsense", "application/json; charset=utf-16"] {
        assert_eq!(send("content-type", kind).await, (409, 1406), "{kind}");
    }
}

#[tokio::test]
async fn long_addresses_and_many_headers_are_refused() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let long = format!("{path}?hostname={}", "a".repeat(URI_LENGTH_MAX));
    assert_eq!(world.get(&long).await.failure(), (414, 10414, ""));
    let mut many = request(&world, Method::GET, &path);
    for number in 0..HEADERS_MAX {
        many = many.header(format!("x-{number}"), "1");
    }
    assert_eq!(answer(&world, many.body(Body::empty()).unwrap()).await, (431, 10431));
}

#[tokio::test]
async fn odd_paths_lead_nowhere() {
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    for path in [
        "/zones/".to_owned(),
        format!("/zones/{zone}/"),
        format!("//zones/{zone}"),
        format!("/zones/{zone}/../{zone}"),
        format!("/zones/{}", zone.to_uppercase() + "0"),
        "/zones/%FF".to_owned(),
        format!("/zones%2F{zone}"),
        format!("/ZONES/{zone}"),
        "/zones/%".to_owned(),
    ] {
        assert_eq!(world.get(&path).await.failure(), (404, 7003, ""), "{path}");
    }
    // An id that is written in escapes is the same id.
    let escaped: String = zone.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(world.get(&format!("/zones/{escaped}")).await.status, 200);
}

#[tokio::test]
async fn other_methods_are_refused_and_head_is_a_get_without_its_body() {
    let world = World::new().await;
    for method in [Method::OPTIONS, Method::TRACE, Method::CONNECT, Method::PUT] {
        let answer = world.send(None, method.clone(), "/zones", String::new()).await;
        assert_eq!(answer.failure(), (405, 10405, ""), "{method}");
    }
    let head = request(&world, Method::HEAD, "/zones").body(Body::empty()).unwrap();
    let response = world.router.clone().oneshot(head).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn who_sent_a_body_that_was_not_read_is_told_that_the_connection_ends() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = || json!({ "hostname": "app.customer.com" }).to_string();
    for (method, path, body, closes) in [
        (Method::POST, path.as_str(), body(), false),
        (Method::POST, path.as_str(), "nonsense".to_owned(), false),
        (Method::GET, path.as_str(), String::new(), false),
        (Method::POST, "/nowhere", body(), true),
        (Method::DELETE, path.as_str(), body(), true),
        (Method::POST, "/zones/00000000000000000000000000000000/custom_hostnames", body(), true),
        (
            Method::POST,
            "/zones/00000000000000000000000000000000/custom_hostnames",
            String::new(),
            false,
        ),
    ] {
        let request = request(&world, method, path).body(Body::from(body.clone())).unwrap();
        let answer = world.router.clone().oneshot(request).await.unwrap();
        let connection = answer.headers().get("connection").map(|value| value.as_bytes());
        assert_eq!(connection, closes.then_some(&b"close"[..]), "{path} {body}");
    }
}

/// What the document says an operation reads: an example, and the properties.
struct Wanted {
    method: Method,
    path: String,
    example: Value,
    fields: Vec<Field>,
}

struct Field {
    pointer: String,
    /// The types that it may have.
    types: Vec<String>,
}

/// The operations with JSON bodies, with the ids of a world in their paths.
async fn readers() -> (World, Vec<Wanted>) {
    let (world, routes) = filled().await;
    let document = openapi_document();
    let resolve = |schema: &Value| match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap().clone(),
        None => schema.clone(),
    };
    let readers =
        operations().into_iter().zip(routes).filter_map(|(operation, (method, path, _))| {
            let entry = &document["paths"][operation.path][method.as_str().to_ascii_lowercase()];
            let schema = &entry["requestBody"]["content"]["application/json"]["schema"];
            let schema = (!schema.is_null()).then(|| resolve(schema))?;
            let mut fields = Vec::new();
            collect(&schema, "", &resolve, &mut fields);
            Some(Wanted { method, path, example: schema["examples"][0].clone(), fields })
        });
    (world, readers.collect())
}

fn collect(
    schema: &Value,
    pointer: &str,
    resolve: &impl Fn(&Value) -> Value,
    into: &mut Vec<Field>,
) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{pointer}/{name}");
        let choices: Vec<Value> = match property["anyOf"].as_array() {
            Some(choices) => choices.iter().map(resolve).collect(),
            None => vec![resolve(property)],
        };
        let types = choices.iter().flat_map(types).collect();
        into.push(Field { pointer: pointer.clone(), types });
        choices.iter().for_each(|choice| collect(choice, &pointer, resolve, into));
    }
}

/// The types of a schema, as JSON Schema names them; none when it may be anything.
fn types(schema: &Value) -> Vec<String> {
    let named = |value: &Value| value.as_str().map(str::to_owned);
    let of = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match (&schema["type"], &schema["enum"]) {
        (Value::Array(types), _) => types.iter().filter_map(named).collect(),
        (Value::String(only), _) => vec![only.clone()],
        (_, Value::Array(words)) => words.iter().map(|word| of(word).to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// The body with this value at this place; objects on the way there are made.
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let mut place = &mut body;
    for key in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[key];
    }
    *place = value;
    body
}

#[tokio::test]
async fn every_documented_field_is_read_and_names_itself_when_its_type_is_wrong() {
    let (world, readers) = readers().await;
    assert!(readers.len() > 3);
    let mut wrong = Vec::new();
    for Wanted { method, path, example, fields } in &readers {
        for Field { pointer, types } in fields.iter().filter(|field| !field.types.is_empty()) {
            let values =
                [("number", json!(4.5)), ("string", json!("?")), ("object", json!({ "?": 1 }))];
            let value = values.into_iter().find(|(kind, _)| {
                !types
                    .iter()
                    .any(|known| known == kind || (known == "integer" && *kind == "number"))
            });
            let Some((_, value)) = value else { continue };
            let answer =
                world.call(method.clone(), path, with(example.clone(), pointer, value)).await;
            let named = answer.body["errors"][0]["source"]["pointer"].as_str().unwrap_or_default();
            let is_named = named == pointer || named.starts_with(&format!("{pointer}/"));
            if !answer.status.is_client_error() || !is_named {
                let told = (answer.status.as_u16(), named, answer.message());
                wrong.push(format!("{method} {path} {pointer}: {told:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What bodies are changed with; the same each time, unless one that failed is to be seen again.
const SEED: u64 = 20_261_122;
/// How many changed bodies each operation gets.
const BODIES: u32 = 40;

#[tokio::test]
async fn bodies_that_were_changed_at_random_never_make_a_5xx() {
    let seed =
        std::env::var("NAMEPLATE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    eprintln!("NAMEPLATE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (world, readers) = readers().await;
    for Wanted { method, path, example, fields } in &readers {
        for _ in 0..BODIES {
            let mut body = example.clone();
            for _ in 0..random.random_range(1..=3) {
                let place = random.random_range(0..=fields.len());
                let pointer =
                    fields.get(place).map(|field| field.pointer.as_str()).unwrap_or_default();
                body = with(body, pointer, anything(&mut random, 3));
            }
            let request =
                request(&world, method.clone(), path).body(Body::from(body.to_string())).unwrap();
            let response = world.router.clone().oneshot(request).await.unwrap();
            assert!(response.status().as_u16() < 500, "{method} {path} {body}: {response:?}");
        }
    }
}

/// Some JSON, with a preference for what goes wrong elsewhere.
fn anything(random: &mut StdRng, depth: u32) -> Value {
    let kinds = if depth == 0 { 8 } else { 10 };
    match random.random_range(0..kinds) {
        0 => Value::Null,
        1 => random.random_bool(0.5).into(),
        2 => random.random::<i64>().into(),
        3 => json!(f64::from_bits(random.random())),
        4 => "x".repeat(random.random_range(0..3000)).into(),
        5 => (0..random.random_range(0..8))
            .map(|_| random.random::<char>())
            .collect::<String>()
            .into(),
        6 => json!(
            ["", "*", "a..b", "-a.com", "xn--a.com", "a.customer.com", "1.2.3.4", "::1"]
                [random.random_range(0..8)]
        ),
        7 => json!(
            ["on", "dv", "txt", "full", "A", "1.2", "2026-01-01T00:00:00Z", "0"]
                [random.random_range(0..8)]
        ),
        8 => (0..random.random_range(0..4)).map(|_| anything(random, depth - 1)).collect(),
        _ => json!({ "nonsense": anything(random, depth - 1), "id": anything(random, depth - 1) }),
    }
}
