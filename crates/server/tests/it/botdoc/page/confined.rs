//! A link opens one container and shows its recipient what was meant for them; nothing else, whatever they ask for.

use serde_json::json;

use super::{
    super::{
        agent::{Agent, ask},
        notifications::transfer::{Transfer, id_of, in_world, open, path_of, upload},
    },
    words,
};

#[test]
fn only_files_of_this_container_are_given_out() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let loose = id_of(&agent.media("loose.txt", b"loose").await);
        let other = Transfer::new(&agent, json!({})).await;
        let others = other.file("other.txt", b"other").await;
        let stranger = Agent::with(server, server.organization("Other").await, library::Rights::ALL, None).await;
        let strange = id_of(&stranger.media("strange.txt", b"strange").await);
        let transfer = Transfer::new(&agent, json!({})).await;
        let own = transfer.file("own.txt", b"own").await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        let page = words(&open(server, &link).await.expect(200));
        assert!(page.contains("own.txt"));
        for name in ["loose.txt", "other.txt", "strange.txt"] {
            assert!(!page.contains(name), "{name}");
        }
        assert_eq!(open(server, &format!("{link}/media/{own}/any-name")).await.expect(200).body, b"own");
        for id in [loose, others, strange, 0, i64::MAX] {
            let answer = open(server, &format!("{link}/media/{id}/own.txt")).await.expect(404);
            assert!(words(&answer).contains("This file is not there any more"), "{answer}");
        }
        for id in ["x", "-1", "99999999999999999999", &format!("+{own}"), &format!("0x{own:x}")] {
            open(server, &format!("{link}/media/{id}/own.txt")).await.expect(404);
        }
        // Nothing that failed was counted.
        for (agent, id, count) in [(&agent, loose, 0), (&agent, others, 0), (&stranger, strange, 0), (&agent, own, 1)] {
            assert_eq!(agent.get(&format!("/v1/media/{id}/")).await["times_downloaded"], count);
        }
    });
}

#[test]
fn what_a_recipient_sent_is_for_the_account_alone() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({ "display_chat": true })).await;
        let own = transfer.file("own.txt", b"own").await;
        transfer.feature(json!({ "type": "push" })).await;
        let pull = transfer.feature(json!({ "type": "pull" })).await;
        for name in ["Zoë", "Max"] {
            transfer.item(transfer.recipient(name, "").await, "link", "").await;
        }
        let links: Vec<_> = transfer.send().await.iter().map(|one| one["link"].as_str().unwrap().to_owned()).collect();
        let (zoe, max) = (&links[0], &links[1]);
        assert_eq!(upload(server, zoe, pull, ("passport.txt", b"secret")).await["errors"], json!([]));
        let reply = ask(server, "POST", &format!("{}/reply", path_of(zoe)));
        reply.body("application/x-www-form-urlencoded", "body=For+the+account").send().await.expect(303);
        let sent = agent.get("/v1/media/").await["results"][0].clone();
        assert_eq!((&sent["name"], &sent["request"]), (&json!("passport.txt"), &json!(transfer.id)));

        let page = words(&open(server, max).await);
        assert!(page.contains("own.txt") && !page.contains("passport.txt") && !page.contains("For the account"));
        // Their sender sees that it has arrived, and can not fetch it either.
        let page = words(&open(server, zoe).await);
        assert!(page.contains("passport.txt") && page.contains("For the account"));
        assert!(!page.contains(&format!("/media/{}/", sent["id"])));
        for link in [zoe, max] {
            open(server, &format!("{link}/media/{}/passport.txt", sent["id"])).await.expect(404);
            open(server, &format!("{link}/media/{own}/own.txt")).await.expect(200);
        }
        assert_eq!(agent.download(&sent).await.expect(200).body, b"secret");
    });
}

#[test]
fn a_container_that_only_asks_gives_nothing_out() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let hidden = transfer.file("hidden.txt", b"hidden").await;
        transfer.feature(json!({ "type": "pull" })).await;
        transfer.feature(json!({ "type": "push", "is_draft": true, "message": "not ready" })).await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        let page = words(&open(server, &link).await);
        assert!(!page.contains("hidden.txt") && !page.contains("not ready"));
        open(server, &format!("{link}/media/{hidden}/hidden.txt")).await.expect(404);
        // Replies are not wanted here: none is kept.
        let reply = ask(server, "POST", &format!("{}/reply", path_of(&link)));
        reply.body("application/x-www-form-urlencoded", "body=Hello").send().await.expect(303);
        assert_eq!(agent.get("/v1/module_container/messagereply/").await["count"], 0);
    });
}

#[test]
fn a_link_is_no_key() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let own = transfer.file("own.txt", b"own").await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        let code = path_of(&link).strip_prefix("/s/").unwrap();
        for path in ["/v1/media/".to_owned(), format!("/v1/media/{own}/"), format!("/v1/media/{own}/download/")] {
            for scheme in ["JWT ", "Bearer ", ""] {
                ask(server, "GET", &path).header("Authorization", format!("{scheme}{code}")).send().await.expect(401);
            }
        }
        for (method, rest) in
            [("DELETE", format!("/media/{own}/own.txt")), ("PUT", String::new()), ("POST", String::new())]
        {
            ask(server, method, &format!("/s/{code}{rest}")).send().await.expect(405);
        }
        // A link in another spelling is another link.
        let other: String = code
            .chars()
            .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        ask(server, "GET", &format!("/s/{other}")).send().await.expect(404);
        ask(server, "GET", &format!("/s/{}", &code[..code.len() - 1])).send().await.expect(404);
    });
}
