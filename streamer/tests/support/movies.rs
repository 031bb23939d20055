//! Opening a fixture.

use broadcast::SourceUrl;
use streamer::{
    media::{Movie, MovieOptions},
    source::{Source, SourceOptions},
};

use crate::fixture::fixture;

pub(crate) async fn open(name: &str) -> Movie {
    let url = SourceUrl::file(&fixture(name)).unwrap();
    let source = Source::open(&url, SourceOptions::default()).await.unwrap();
    Movie::open(source, &MovieOptions::default()).await.unwrap()
}
