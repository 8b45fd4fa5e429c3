//! What can be called without a certificate: every method of every service is tried.

use bytes::Bytes;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};

use crate::fixture::TestGate;

/// Sends and receives bytes as they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put(to, item);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = bytes::Buf::remaining(from);
        Ok(Some(bytes::Buf::copy_to_bytes(from, length)))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

fn methods() -> Vec<String> {
    let set = FileDescriptorSet::decode(befund_proto::DESCRIPTORS).expect("descriptors");
    let mut methods = vec![
        "/grpc.health.v1.Health/Check".to_owned(),
        "/grpc.health.v1.Health/Watch".to_owned(),
        "/grpc.health.v1.Health/List".to_owned(),
        "/befund.v1.Enrollment/NoSuchMethod".to_owned(),
        "/befund.v1.Link/NoSuchMethod".to_owned(),
        "/no.such.Service/Method".to_owned(),
        "/".to_owned(),
    ];
    for file in set.file {
        for service in &file.service {
            for method in &service.method {
                methods.push(format!("/{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    methods
}

#[tokio::test]
async fn exactly_enroll_recover_time_and_health_are_open() {
    let gate = TestGate::start().await;
    let channel = gate.channel(None).await.expect("a connection");
    let all = methods();
    assert!(all.len() > 10, "{all:?}");
    let mut open = Vec::new();
    for path in all {
        let mut client = tonic::client::Grpc::new(channel.clone());
        client.ready().await.expect("ready");
        let uri = http::uri::PathAndQuery::try_from(path.as_str()).expect("a path");
        // An empty message is a valid one of any type. What is open says anything else than this.
        let answer = client.server_streaming(tonic::Request::new(Bytes::new()), uri, Raw).await;
        if answer.err().map(|status| status.code()) != Some(Code::Unauthenticated) {
            open.push(path);
        }
    }
    open.sort_unstable();
    assert_eq!(
        open,
        [
            "/befund.v1.Enrollment/Enroll",
            "/befund.v1.Enrollment/Recover",
            "/befund.v1.Enrollment/Time",
            "/grpc.health.v1.Health/Check",
            "/grpc.health.v1.Health/Watch",
        ]
    );
    gate.stop().await;
}
