//! A copy is no way around a limit: it has been downloaded as often as its original.

use serde_json::{Value, json};

use super::{count, download, expect_used_up};
use crate::{
    botdoc::{
        Agent,
        together::others::{Others, not_in_flextype},
    },
    support::{forms::Form, on_each_engine_with},
};

#[test]
fn a_copy_has_the_limit_the_count_and_the_end_of_its_original() {
    on_each_engine_with(
        |settings| settings.botdoc.max_downloads = 2,
        async |server| {
            let agent = Agent::new(server).await;
            let others = Others::of(&agent).await;
            let media = agent.media("story.txt", b"Once upon a time").await;
            download(&agent, &media, "GET").send().await.expect(200);
            let copy = async |to: &str| {
                let body = json!({ "id": "first-request/story.txt", "new_id": to });
                others.flextype("PUT", "files/copy", body).await.expect(200);
            };
            copy("copies/early.txt").await;
            download(&agent, &media, "GET").send().await.expect(200);
            expect_used_up(download(&agent, &media, "GET").send().await);
            copy("copies/late.txt").await;
            let list = agent.get("/v1/media/").await;
            let named = |name: &str| -> Value {
                let found = list["results"].as_array().unwrap().iter().find(|media| media["name"] == name);
                found.unwrap_or_else(|| panic!("no {name} in {list:#}")).clone()
            };
            let (early, late) = (named("early.txt"), named("late.txt"));
            for (copy, times) in [(&early, 1), (&late, 2)] {
                assert_eq!(copy["max_allowed_times_downloaded"], 2);
                assert_eq!(copy["times_downloaded"], times);
                assert_ne!(copy["id"], media["id"]);
            }
            assert_eq!(download(&agent, &early, "GET").send().await.expect(200).body, b"Once upon a time");
            for used_up in [&early, &late, &media] {
                expect_used_up(download(&agent, used_up, "GET").send().await);
                let contents = format!("files/{}/contents", used_up["id"]);
                others.fliplet("GET", &contents).send().await.refused(401);
            }
            assert_eq!(count(&agent, &media).await, 2);
        },
    );
}

#[test]
fn a_request_is_not_copied_and_in_a_copied_folder_medias_are_limited_as_well() {
    on_each_engine_with(
        |settings| settings.botdoc.max_downloads = 1,
        async |server| {
            let agent = Agent::new(server).await;
            let others = Others::of(&agent).await;
            let context = json!({ "organizationId": agent.organization.id });
            let folder = server.folder(&others.organization.token, "Folder", context).await;
            let form =
                Form::new().file("file", "story.txt", "", b"Once upon a time").text("request", folder.to_string());
            let media = form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json();
            download(&agent, &media, "GET").send().await.expect(200);
            let copy = async |id: &str| {
                let body = json!({ "id": id, "new_id": "copied" });
                others.flextype("PUT", "folders/copy", body).await
            };
            not_in_flextype(&copy("first-request").await);
            copy("folder").await.expect(200);
            let list = agent.get("/v1/media/").await;
            assert_eq!(list["count"], 2);
            for copy in list["results"].as_array().unwrap() {
                assert_eq!((&copy["name"], &copy["times_downloaded"]), (&json!("story.txt"), &json!(1)));
                expect_used_up(download(&agent, copy, "GET").send().await);
            }
        },
    );
}
