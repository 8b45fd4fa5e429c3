//! What lies in the executor's journal of jobs: nobody but the executor writes it, and disks rot.

use befund_executor::journal::record::{self, Tail};
use befund_model::Timestamp;
use befund_model::id::JobId;

/// Any bytes as a job's file, and as the payloads of whole records: what is read is what was written, nothing is
/// read of another job's, and a bit that changed is told.
pub(crate) fn run(data: &[u8]) {
    let job = JobId::new(Timestamp::UNIX_EPOCH, [1; 10]);
    let contents = record::read(job, data);
    assert!(contents.whole <= data.len() as u64);
    for record in &contents.records {
        let payload = &data[record.payload.clone()];
        let start = record.payload.start - record::HEAD_BYTES;
        let written = record::encode(job, record.number, record.synced, payload);
        assert_eq!(data[start..record.payload.end], written);
    }

    let mut file = Vec::new();
    let payloads: Vec<&[u8]> = data.split(|byte| *byte == b'\n').take(64).collect();
    for (number, payload) in (0..).zip(&payloads) {
        file.extend_from_slice(&record::encode(job, number, file.len() as u64, payload));
    }
    let contents = record::read(job, &file);
    assert_eq!(contents.tail, Tail::Whole);
    let read: Vec<&[u8]> =
        contents.records.iter().map(|record| &file[record.payload.clone()]).collect();
    assert_eq!(read, payloads);
    let another = JobId::new(Timestamp::UNIX_EPOCH, [2; 10]);
    assert!(record::read(another, &file).records.is_empty());
    let at = data.len() % file.len();
    file[at] ^= 1;
    let damaged = record::read(job, &file);
    assert!(damaged.records.len() < payloads.len());
    let last = contents.records.last().map_or(0, |record| record.payload.start);
    if at < last.saturating_sub(record::HEAD_BYTES) {
        assert!(matches!(damaged.tail, Tail::Damaged { .. }), "{:?}", damaged.tail);
    }
}
