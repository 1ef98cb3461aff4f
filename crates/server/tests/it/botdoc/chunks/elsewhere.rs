//! Other APIs do not know of a file before it is whole, and know it from then on.

use serde_json::{Value, json};

use super::Sending;
use crate::{
    botdoc::{
        Agent,
        together::others::{Others, not_in_flextype, refused_by_flow},
    },
    support::on_each_engine,
};

#[test]
fn other_apis_see_a_file_when_it_is_whole() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let sending = Sending::of(&agent, "story.bin", &[b"Once ", b"upon a ", b"time."]);
        let id = sending.begin(server.address).await;
        let request = json!(sending.request);
        let files = format!("/1/folder/{request}/files?fields=id,filename");
        for number in [3, 2] {
            assert_eq!(others.listed(&request).await, [""; 0]);
            others.fliplet("GET", &format!("files/{id}")).send().await.refused(404);
            assert_eq!(others.flow.list("/1/file/latest?fields=any").await, [Value::Null; 0]);
            assert_eq!(others.flow.list(&files).await, [Value::Null; 0]);
            refused_by_flow(others.flow.ask("GET", &format!("/1/file/{id}")).send().await, 404);
            not_in_flextype(&others.flextype_file("first-request/story.bin").await);
            not_in_flextype(&others.flextype_files("first-request").await);
            sending.post(server.address, &sending.chunk_of(&id, number)).await.expect(201);
        }
        server.settle().await;
        assert_eq!(others.listed(&request).await, ["story.bin"]);
        others.fliplet("GET", &format!("files/{id}")).send().await.expect(200);
        let latest = others.flow.list("/1/file/latest?fields=id,filename").await;
        assert_eq!(latest, [json!({ "id": id, "filename": "story.bin" })]);
        assert_eq!(others.flow.list(&files).await, latest);
        let file = others.flextype_file("first-request/story.bin").await.expect(200);
        let file: Value = serde_json::from_slice(&file.body).unwrap();
        assert_eq!(file["data"]["filename"], "story.bin");
        others.flextype_files("first-request").await.expect(200);
    });
}
