//! How a database would carry a statement out, whatever the values.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use super::shape::Shape;

/// Settings under which a plan depends on the schema and the statistics only. Without other ways the whole table is read.
const STABLE: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off; \
    SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0";

/// A connection to ask.
pub(crate) enum Planner {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Planner {
    pub(crate) async fn of(url: &str) -> Self {
        if url.starts_with("sqlite") {
            return Self::Sqlite(SqliteConnection::connect(url).await.unwrap());
        }
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(STABLE).execute(&mut connection).await.unwrap();
        Self::Postgres(connection)
    }

    pub(crate) async fn plan(&mut self, shape: &Shape) -> String {
        match self {
            Self::Postgres(connection) => on_postgres(connection, shape).await,
            Self::Sqlite(connection) => on_sqlite(connection, shape).await,
        }
    }
}

async fn on_postgres(connection: &mut PgConnection, shape: &Shape) -> String {
    let types: Vec<&str> = shape
        .kinds
        .iter()
        .map(|kind| match *kind {
            "bytes" => "bytea",
            "int" => "bigint",
            _ => "text",
        })
        .collect();
    let (types, nulls) = match types.len() {
        0 => (String::new(), String::new()),
        count => {
            (format!(" ({})", types.join(", ")), format!(" ({})", vec!["NULL"; count].join(", ")))
        }
    };
    let prepare = format!("PREPARE planned{types} AS {}", shape.text);
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE planned{nulls}");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
    sqlx::raw_sql("DEALLOCATE planned").execute(&mut *connection).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.join("\n")
}

async fn on_sqlite(connection: &mut SqliteConnection, shape: &Shape) -> String {
    let explain = format!("EXPLAIN QUERY PLAN {}", shape.text);
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(connection).await.unwrap();
    let mut depths = std::collections::BTreeMap::from([(0_i64, 0_usize)]);
    let mut lines = Vec::new();
    for row in &rows {
        let (id, parent): (i64, i64) = (row.get("id"), row.get("parent"));
        let depth = depths.get(&parent).copied().unwrap_or_default();
        depths.insert(id, depth + 1);
        lines.push(format!("{}{}", "  ".repeat(depth), row.get::<String, _>("detail")));
    }
    lines.join("\n")
}

/// Tables of which no statement reads all, and what they are called within statements.
const TABLES: [&str; 20] = [
    "accounts",
    "certificates",
    "c",
    "csrs",
    "custom_csrs",
    "dns_record_tags",
    "dns_records",
    "r",
    "events",
    "feed",
    "hostname_counts",
    "hostnames",
    "h",
    "idempotency",
    "pack_events",
    "packs",
    "secrets",
    "tokens",
    "zones",
    "z",
];

/// The lines of a plan that read a whole table without an index. Tables of one row, of nodes and of users are small.
pub(crate) fn whole_tables(plan: &str) -> Vec<&str> {
    let reads_all = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let scanned = match words.as_slice() {
            ["SCAN", table, rest @ ..] if !rest.contains(&"USING") => Some(*table),
            [.., "Seq", "Scan", "on", table] | [.., "Seq", "Scan", "on", table, _] => Some(*table),
            _ => None,
        };
        scanned.is_some_and(|table| TABLES.contains(&table))
    };
    plan.lines().filter(reads_all).collect()
}

#[test]
fn a_scan_without_an_index_is_seen_and_others_are_not() {
    for (plan, expected) in [
        ("SCAN hostnames", 1),
        ("SEARCH h USING INDEX x (id=?)\n  SCAN c", 1),
        ("SCAN hostnames USING COVERING INDEX x", 0),
        ("SCAN f", 0),
        ("Limit\n  ->  Seq Scan on zones z", 1),
        ("  ->  Seq Scan on feed_head", 0),
        ("  ->  Index Scan using a on zones z", 0),
    ] {
        assert_eq!(whole_tables(plan).len(), expected, "{plan}");
    }
}
