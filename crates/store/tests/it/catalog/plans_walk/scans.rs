//! What a scanner said, and what is in quarantine.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    assets::{Premise, Scan},
    jobs::Work,
    scans::Verdict,
};

use super::super::{
    engines::NOW,
    samples::{Site, at, slug},
};

pub async fn scans(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let asset_id = site.asset(site.root.id, "scanned.txt").await;
    let version = site.view(asset_id).await.version.unwrap();
    let found = Verdict {
        scan: Scan::Infected,
        signature: Some("Eicar".to_owned()),
        engine: "clamd".to_owned(),
        scanned_at: NOW,
    };
    assert!(catalog.set_verdict(version.sha256(), &found).await.unwrap());
    assert_eq!(catalog.concerned(version.sha256(), Scan::Infected).await.unwrap().len(), 1);
    assert!(catalog.newest_asset().await.unwrap() >= asset_id);
    catalog.waiting_scans(9).await.unwrap();
    catalog.queue_scans(&[], &Work::Rescan { after: 0 }, NOW).await.unwrap();
    catalog.verdict(version.sha256()).await.unwrap();
    let outcome = (Scan::Infected, Premise::Version(version.id));
    assert!(catalog.set_scan_if(id, asset_id, outcome, &at(NOW)).await.unwrap());
    assert_eq!(catalog.quarantined(id, 0, 9).await.unwrap().len(), 1);
    catalog.release_asset(id, asset_id, &slug("scanned.txt"), &at(NOW)).await.unwrap();
    catalog.assets_to_scan("clamd", 0, 9).await.unwrap();
    catalog.forget_engines().await.unwrap();
    catalog.add_job(None, &Work::Scan { asset_id }, NOW).await.unwrap();
    assert!(catalog.claim_scan("walk", NOW, NOW + 9).await.unwrap().is_some());
}
