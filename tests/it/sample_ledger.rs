use std::time::Instant;
#[test]
fn dump() {
    let dir = tempfile::tempdir().unwrap();
    let folder = onus::service::folder::Folder::new(&dir.path().join("l"));
    let origin = onus::tlog::entry::Origin::parse("sample.onus.example/demo").unwrap();
    let end = onus::tlog::time::Timestamp::parse_rfc3339("2026-11-24T15:04:05Z").unwrap();
    let t = Instant::now();
    let s = onus::cli::sample::make_sample(&folder, &dir.path().join("mark"), &origin, "http://127.0.0.1:1", end);
    println!("{s:?} {:?}", t.elapsed());
    s.unwrap();
}
