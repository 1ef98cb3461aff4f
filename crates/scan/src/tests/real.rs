//! Debian's clamd, and its c-icap in front of that, with signatures of our own: two, so that nothing is downloaded.

use std::{
    fs::{self, Permissions},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use tempfile::TempDir;

use super::*;

/// How long a daemon may take to start on a machine that is busy otherwise.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What our second signature looks for, anywhere in a file.
const MARKER: &[u8] = b"not a virus, but this test takes it for one";

/// A daemon that ends with its test.
struct Daemon {
    process: Child,
    folder: TempDir,
    port: u16,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked, not killed: c-icap has children of its own to end.
        let asked = Command::new("kill").arg(self.process.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

impl Daemon {
    /// Starts `program`, once there is `conf` in a folder that every user may use, for the daemon may not stay root.
    fn start(program: &str, arguments: &[&str], conf: impl FnOnce(&Path, u16) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let path = folder.path().join("conf");
        fs::write(&path, conf(folder.path(), port)).unwrap();
        let process = Command::new(program)
            .args(arguments)
            .arg(&path)
            .stdout(fs::File::create(folder.path().join("log")).unwrap())
            .stderr(Stdio::null())
            // Servers lie in folders that a plain user's PATH leaves out.
            .env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()))
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}; scripts/install check brings it"));
        Self { process, folder, port }
    }

    fn clamd(settings: &str) -> Self {
        Self::start("clamd", &["-c"], |folder, port| {
            let hex: String = MARKER.iter().map(|byte| format!("{byte:02x}")).collect();
            fs::write(folder.join("ours.hdb"), "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test\n").unwrap();
            fs::write(folder.join("ours.ndb"), format!("Marker-Test:0:*:{hex}\n")).unwrap();
            // As root it wants to be told whom to become; as anybody else it may not be told.
            let is_root = fs::metadata(folder).unwrap().uid() == 0;
            let folder = folder.display();
            format!(
                "Foreground yes\nTCPSocket {port}\nTCPAddr 127.0.0.1\nLocalSocket {folder}/clamd.ctl\n\
                 DatabaseDirectory {folder}\nTemporaryDirectory {folder}\n{}{settings}",
                if is_root { "User nobody\n" } else { "" }
            )
        })
    }

    fn c_icap(clamd: &Self) -> Self {
        let clamd_port = clamd.port;
        Self::start("c-icap", &["-N", "-D", "-f"], |folder, port| {
            let folder = folder.display();
            let modules = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path().join("c_icap"));
            let modules = modules.filter(|path| path.join("virus_scan.so").exists()).last();
            let modules = modules.expect("c-icap has no virus_scan.so; scripts/install check brings it");
            let modules = modules.display();
            format!(
                "PidFile {folder}/pid\nCommandsSocket {folder}/commands.ctl\nPort 127.0.0.1:{port}\nTmpDir {folder}\n\
                 StartServers 1\nMaxServers 1\nThreadsPerChild 4\nMinSpareThreads 1\nMaxSpareThreads 4\n\
                 ModulesDir {modules}\nServicesDir {modules}\nLoadMagicFile /etc/c-icap/c-icap.magic\n\
                 TemplateDir /usr/share/c_icap/templates/\nServerLog {folder}/server.log\n\
                 AccessLog {folder}/access.log\nModule common clamd_mod.so\nclamd_mod.ClamdHost 127.0.0.1\n\
                 clamd_mod.ClamdPort {clamd_port}\nService virus_scan virus_scan.so\n\
                 virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE\nvirus_scan.MaxObjectSize 20M\n\
                 virus_scan.DefaultEngine clamd\n"
            )
        })
    }

    /// A scanner at `url`, once it answers.
    async fn ready(&mut self, url: &str) -> Scanner {
        let scanner = scanner(url);
        let started = Instant::now();
        while let Err(failure) = scanner.check().await {
            let ended = self.process.try_wait().unwrap();
            if ended.is_some() || started.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("{url}: {failure}; ended: {ended:?}; it wrote:\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        scanner
    }

    async fn over_tcp(&mut self) -> Scanner {
        self.ready(&format!("clamd://127.0.0.1:{}", self.port)).await
    }
}

/// So many bytes with something in them that is found.
fn marked(len: usize) -> Vec<u8> {
    let mut bytes = vec![b'.'; len];
    bytes[len - MARKER.len() - 10..len - 10].copy_from_slice(MARKER);
    bytes
}

#[tokio::test]
async fn clamd_finds_what_it_knows() {
    let mut clamd = Daemon::clamd("StreamMaxLength 20M\n");
    let tcp = clamd.over_tcp().await;
    let unix = clamd.ready(&format!("clamd://{}/clamd.ctl", clamd.folder.path().display())).await;
    for scanner in [&tcp, &unix] {
        assert_eq!(scan(scanner, b"").await, Ok(Verdict::Clean));
        assert_eq!(scan(scanner, b"fine").await, Ok(Verdict::Clean));
        assert_eq!(scan(scanner, &vec![b'.'; 10 << 20]).await, Ok(Verdict::Clean));
        assert_eq!(scan(scanner, &eicar()).await, infected("Eicar-Test.UNOFFICIAL"));
        assert_eq!(scan(scanner, &marked(10 << 20)).await, infected("Marker-Test.UNOFFICIAL"));
        let version = scanner.version().await.unwrap();
        assert!(version.starts_with("ClamAV "), "{version}");
    }
    let many = futures_util::future::join_all((0..20).map(|n| {
        let tcp = &tcp;
        async move { scan(tcp, &if n % 2 == 0 { marked(100_000) } else { vec![b'.'; 100_000] }).await }
    }));
    for (n, verdict) in many.await.into_iter().enumerate() {
        assert_eq!(verdict, if n % 2 == 0 { infected("Marker-Test.UNOFFICIAL") } else { Ok(Verdict::Clean) });
    }
}

#[tokio::test]
async fn what_clamd_does_not_look_at_is_not_clean() {
    let mut clamd = Daemon::clamd("StreamMaxLength 1M\nAlertExceedsMax yes\nMaxFileSize 500K\n");
    let tcp = clamd.over_tcp().await;
    let unix = clamd.ready(&format!("clamd://{}/clamd.ctl", clamd.folder.path().display())).await;
    let (much, too_much_for_the_engine) = (vec![b'.'; 32 << 20], vec![b'.'; 600_000]);
    for scanner in [&tcp, &unix] {
        for _ in 0..10 {
            assert_eq!(scan(scanner, &much).await, Ok(Verdict::TooLarge));
        }
        assert_eq!(scan(scanner, &too_much_for_the_engine).await, Ok(Verdict::TooLarge));
        assert_eq!(scan(scanner, &marked(400_000)).await, infected("Marker-Test.UNOFFICIAL"));
        assert_eq!(scan(scanner, &vec![b'.'; 400_000]).await, Ok(Verdict::Clean));
    }
}

#[tokio::test]
async fn a_scanner_that_is_stopped_is_missed() {
    let mut clamd = Daemon::clamd("");
    let tcp = clamd.over_tcp().await;
    drop(clamd);
    assert!(tcp.check().await.is_err());
    assert!(scan(&tcp, &eicar()).await.is_err());
}

#[tokio::test]
async fn c_icap_finds_what_clamd_knows() {
    let mut clamd = Daemon::clamd("StreamMaxLength 20M\n");
    clamd.over_tcp().await;
    let mut c_icap = Daemon::c_icap(&clamd);
    // Without these arguments it says 204 to a preview only.
    let url = format!("icap://127.0.0.1:{}/virus_scan?allow204=on&sizelimit=off&mode=simple", c_icap.port);
    let scanner = c_icap.ready(&url).await;
    let version = scanner.version().await.unwrap();
    assert!(version.starts_with("C-ICAP/") && version.contains("CI0001-"), "{version}");
    // Around the preview of 1024 bytes that it wants.
    for len in [0, 1, 1023, 1024, 1025, 100_000, 5 << 20] {
        assert_eq!(scan(&scanner, &vec![b'.'; len]).await, Ok(Verdict::Clean), "{len}");
    }
    assert_eq!(scan(&scanner, &eicar()).await, infected("Eicar-Test.UNOFFICIAL"));
    for len in [1024, 1025, 100_000, 5 << 20] {
        assert_eq!(scan(&scanner, &marked(len)).await, infected("Marker-Test.UNOFFICIAL"), "{len}");
    }
    let plain = c_icap.ready(&format!("icap://127.0.0.1:{}/virus_scan", c_icap.port)).await;
    let why = "the virus scanner gave back what it was shown and does not say what it found";
    assert_eq!(scan(&plain, &vec![b'.'; 100_000]).await.unwrap_err().to_string(), why);
    // By then it has said that all is well, and can only leave the rest away.
    assert_eq!(scan(&plain, &marked(100_000)).await, infected("unnamed"));
    let nowhere = Scanner::new(Config {
        url: format!("icap://127.0.0.1:{}/nothing", c_icap.port),
        timeout: PATIENCE,
        idle: PATIENCE,
        max_bytes: 100,
    });
    let why = "the virus scanner answered OPTIONS with 404";
    assert_eq!(nowhere.unwrap().check().await.unwrap_err().to_string(), why);
    // Pictures are not among the types that it is told to scan, nor is the plain service to scan so much: it says 204 at once.
    for len in [100, 100_000] {
        let mut picture = marked(len);
        picture[..8].copy_from_slice(b"\x89PNG\r\n\x1a\n");
        assert_eq!(scan(&scanner, &picture).await, Ok(Verdict::TooLarge), "{len}");
    }
    assert_eq!(scan(&plain, &marked(21 << 20)).await, Ok(Verdict::TooLarge));
    drop(clamd);
    let why = "the virus scanner answered RESPMOD with 500";
    assert_eq!(scan(&scanner, b"without its engine").await.unwrap_err().to_string(), why);
}
