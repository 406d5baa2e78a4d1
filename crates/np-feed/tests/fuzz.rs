//! Whatever bytes the other side of the feed sends: never a panic, and the copy goes on answering.

#![allow(clippy::unwrap_used, reason = "what cannot be arranged is a failed test")]

mod fuzz {
    use np_feed::{
        NodeKey, Replica,
        message::{Batch, Pull},
        replica::ReplicaOptions,
    };
    use np_testkit::fuzz::inputs;

    /// The messages as they are spoken, one of each kind.
    const MESSAGES: [&str; 8] = [
        include_str!("golden/batch-later.hex"),
        include_str!("golden/batch-pack-v1.hex"),
        include_str!("golden/batch-v1.hex"),
        include_str!("golden/pull-sightings-v1.hex"),
        include_str!("golden/pull-v1.hex"),
        include_str!("golden/records-v1.hex"),
        include_str!("golden/ticket-keys-v1.hex"),
        include_str!("golden/zone-serving-v1.hex"),
    ];

    fn corpus() -> impl Iterator<Item = Vec<u8>> {
        MESSAGES.into_iter().map(|text| {
            let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
            digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
        })
    }

    #[test]
    fn what_is_read_of_any_bytes_can_be_written_and_read_again() {
        let mut read = 0;
        for input in inputs(corpus()) {
            if let Ok(batch) = Batch::decode(&input) {
                read += 1;
                let again = Batch::decode(&batch.encode()).unwrap();
                assert_eq!(again.items.len(), batch.items.len());
                for item in &batch.items {
                    // An error is an answer.
                    let _ = item.content();
                    let _ = (item.key(), item.len_bytes());
                }
            }
            if let Ok(pull) = Pull::decode(&input) {
                read += 1;
                assert_eq!(Pull::decode(&pull.encode()).unwrap(), pull);
            }
        }
        assert!(read >= MESSAGES.len(), "{read} were read");
    }

    #[test]
    fn a_copy_survives_whatever_batch_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let replica = Replica::open(dir.path(), &ReplicaOptions::default()).unwrap();
        let key = NodeKey::from_secret(&[1; 32]);
        let mut applied = 0;
        for input in inputs(corpus()) {
            let Ok(mut batch) = Batch::decode(&input) else { continue };
            // Where it would be refused at once, nothing is learned: most continue the copy, some begin it anew.
            let position = replica.position().unwrap();
            if !batch.reset {
                batch.from = position.generation;
                batch.to = batch.to.max(batch.from);
                batch.feed = position.feed.unwrap_or(batch.feed);
            }
            let before = replica.generation();
            match replica.apply(&batch) {
                Ok(done) => {
                    applied += 1;
                    assert_eq!(replica.generation(), done.generation);
                    assert_eq!(done.items + done.skipped, batch.items.len());
                }
                Err(_) => assert_eq!(replica.generation(), before),
            }
            // Reading may say that something is damaged; it answers.
            let _ = replica.hosts("app.customer.com");
            let _ = replica.delegation("customer.com");
            let _ = replica.answering_zone("app.provider.com");
            for sealed in replica.ticket_keys().unwrap_or_default() {
                let _ = key.open_ticket_key(&sealed);
            }
        }
        assert!(applied > 0);
    }
}
