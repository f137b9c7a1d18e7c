//! Which cached files may be used and which may not.

use std::fs;

use super::*;
use crate::backend::apptainer::sif::tests::sif;
use crate::backend::image::ImageSettings;
use crate::backend::kind::Overrides;
use crate::config::Config;

fn entry(cache: &Path) -> CacheEntry {
    let config = Config::built_in().unwrap();
    let overrides = Overrides { tag: Some("cuda12.6".into()), docker_user: Some("lab".into()), ..Overrides::default() };
    let image = ImageSettings::default().name(config.model("esm2").unwrap(), &overrides);
    CacheEntry::new(cache, &image.unwrap())
}

/// A cache with a pulled file.
async fn pulled() -> (tempfile::TempDir, CacheEntry) {
    let cache = tempfile::tempdir().unwrap();
    let entry = entry(cache.path());
    fs::create_dir_all(entry.directory()).unwrap();
    let pulled = cache.path().join("pulled");
    fs::write(&pulled, sif(*b"02")).unwrap();
    entry.put(&pulled).await.unwrap();
    assert!(!pulled.exists());
    (cache, entry)
}

fn is_valid(found: &EntryState) -> bool {
    matches!(found, EntryState::Valid(_))
}

async fn invalid(entry: &CacheEntry) -> String {
    match entry.look().await.unwrap() {
        EntryState::Invalid(why) => why,
        found => panic!("{found:?}"),
    }
}

#[tokio::test]
async fn the_layout_is_the_same_as_in_boileroom() {
    let entry = entry(Path::new("/cache"));
    assert_eq!(entry.sif, Path::new("/cache/images/lab-boileroom-esm_cuda12.6-0.4.1.sif"));
    assert_eq!(entry.image, "docker.io/lab/boileroom-esm:cuda12.6-0.4.1");
    assert_eq!(entry.look().await.unwrap(), EntryState::Missing);
}

#[tokio::test]
async fn a_pulled_file_is_valid_until_it_changes() {
    let (_cache, entry) = pulled().await;
    assert!(is_valid(&entry.look().await.unwrap()));
    assert_eq!(entry.digest(), Some(hex::encode(Sha256::digest(sif(*b"02")))));
    let mut changed = sif(*b"02");
    changed[6000] ^= 1;
    fs::write(&entry.sif, &changed).unwrap();
    insta::assert_snapshot!(invalid(&entry).await, @"has changed: its SHA-256 is ed2c783758975346395a62b2a782f4d397387e1efa5bcecdf47c1aaa8c1112ea, and faecf6157e66a37740373e8cb1df77ab185ac411eb6434bcb838fca44a9e82eb was pulled");
    fs::write(&entry.sif, &changed[..5000]).unwrap();
    assert!(invalid(&entry).await.starts_with("is truncated: "));
}

#[tokio::test]
async fn a_touched_file_is_read_once_and_recorded_again() {
    let (_cache, entry) = pulled().await;
    let record = || fs::read_to_string(entry.beside(".record.json")).unwrap();
    let before = record();
    let long_ago = UNIX_EPOCH + Duration::from_secs(1_000_000);
    let file = File::options().write(true).open(&entry.sif).unwrap();
    file.set_modified(long_ago).unwrap();
    assert!(is_valid(&entry.look().await.unwrap()));
    assert_ne!(record(), before);
    assert!(record().contains("\"modified_ns\": 1000000000000000"), "{}", record());
}

#[tokio::test]
async fn a_file_without_a_record_must_be_complete() {
    let (_cache, entry) = pulled().await;
    fs::remove_file(entry.beside(".record.json")).unwrap();
    assert!(is_valid(&entry.look().await.unwrap()));
    fs::write(&entry.sif, &sif(*b"02")[..8000]).unwrap();
    assert!(invalid(&entry).await.starts_with("is truncated: "));
    fs::write(&entry.sif, "").unwrap();
    assert_eq!(invalid(&entry).await, "is empty");
}

#[tokio::test]
async fn a_file_of_another_registry_is_invalid() {
    let (_cache, mut entry) = pulled().await;
    entry.image = "ghcr.io/lab/boileroom-esm:cuda12.6-0.4.1".into();
    insta::assert_snapshot!(invalid(&entry).await, @"was pulled from docker.io/lab/boileroom-esm:cuda12.6-0.4.1");
    fs::write(entry.beside(".record.json"), "{").unwrap();
    insta::assert_snapshot!(invalid(&entry).await, @"has a record that cannot be read: EOF while parsing an object at line 1 column 1");
}

#[tokio::test]
async fn a_lock_is_waited_for() {
    let cache = tempfile::tempdir().unwrap();
    let entry = entry(cache.path());
    let held = entry.lock().await.unwrap();
    let second = entry.lock();
    tokio::pin!(second);
    let early = tokio::time::timeout(Duration::from_millis(1), &mut second).await;
    assert!(early.is_err());
    drop(held);
    second.await.unwrap();
}
