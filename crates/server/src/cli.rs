//! The command line: what can be asked of the program, and how it answers a person or a script.

use std::{
    ffi::OsString,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use library::{Actor, Library, Origin};

use crate::{
    Failure, Keys, Settings,
    audit::{self, AuditCommand},
    backups::{self, BackupArguments, RestoreArguments},
    care,
    encryption::{self, KeysCommand},
    environment,
    folders::{self, FolderCommand},
    founding,
    keys::{self, TenantCommand, TokenCommand, UserCommand},
    links::{self, LinkCommand, SentArguments},
    policy::{self, PolicyCommand},
    quarantine::{self, QuarantineCommand},
    renditions::{self, RenditionsCommand},
    serving,
    settings::{DEFAULTS, Flags},
    signing_keys::{self, SigningCommand},
    wiring,
};

/// One media server, five APIs.
#[derive(Debug, Parser)]
#[command(name = "mediary", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Where the library is; the same for every command that opens it.
#[derive(Debug, Args)]
struct Place {
    /// A file of settings.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// The data folder.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// sqlite:PATH or postgres://…
    #[arg(long, global = true)]
    database: Option<String>,
    /// A folder, or s3://…
    #[arg(long, global = true)]
    blobs: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve.
    Serve {
        #[command(flatten)]
        place: Place,
        /// Where to listen.
        #[arg(long)]
        listen: Option<String>,
    },
    /// Make the first tenant, an admin and one set of keys for each dialect; prints them once.
    Init {
        #[command(flatten)]
        place: Place,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// The tenant's name.
        #[arg(long, default_value = "Mediary")]
        name: String,
        /// The admin's e-mail address.
        #[arg(long, default_value = "admin@mediary.invalid")]
        email: String,
    },
    /// Tenants.
    Tenant {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// People.
    User {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Keys of people and programs.
    Token {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Files that are sealed at rest, and the keys that seal them.
    Keys {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Folders.
    Folder {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: FolderCommand,
    },
    /// Keys that URLs and sessions are signed with.
    Signing {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: SigningCommand,
    },
    /// Share links: who made them, who followed them.
    Link {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: LinkCommand,
    },
    /// Files in which something was found.
    Quarantine {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: QuarantineCommand,
    },
    /// Which files are taken, by tenant and folder.
    Policy {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Who did what, and whether anybody has changed what is written of it.
    Audit {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// What was sent to the world outside, and what became of it.
    Sent {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        wanted: SentArguments,
    },
    /// Compare every row with the bytes it names, and every byte with its row; fails when something is wrong.
    Verify {
        #[command(flatten)]
        place: Place,
        /// Put right what can be: bring back what is held, forget renditions that can be made again, hold bytes that
        /// nobody owns, make slugs and counts true. Nothing, while a file or folder is broken in itself.
        #[arg(long)]
        repair: bool,
    },
    /// Collect what nothing points at: into the holding area first, and from there, days later, for good.
    Gc {
        #[command(flatten)]
        place: Place,
        /// Only tell what would be collected.
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy the whole library into a folder, as it is at one moment, while a server goes on: all rows, and one copy of each file's bytes.
    /// The next backup to the same folder copies only what is new, and one that was cut off is taken up by it. Not in it: the settings,
    /// the master key (sealed files are copied sealed), the outbox, renditions, which are drawn again, and uploads in chunks that are under
    /// way. What is removed for good stays in the backups that were made before, until --keep drops them.
    Backup {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        wanted: BackupArguments,
    },
    /// Bring a backup back into an empty place, on SQLite or PostgreSQL, a folder or an S3 store, whatever it was made from; then verify it.
    /// Cut off, it can be begun again. No server may run there meanwhile.
    Restore {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        wanted: RestoreArguments,
    },
    /// What is made of images, to be shown smaller or in another format.
    Renditions {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        command: RenditionsCommand,
    },
    /// Check the settings without touching anything.
    CheckConfig {
        #[command(flatten)]
        place: Place,
    },
    /// Print every setting with its default.
    ConfigDefault,
    /// Ask a running server whether it is alive.
    Health {
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Print the version.
    Version,
}

pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, not errors; clap knows which is which.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => match runtime.block_on(dispatch(arguments.command)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => told(&failure),
        },
        Err(error) => told(&error.into()),
    }
}

/// Who gives commands.
pub(crate) const fn system() -> Actor {
    Actor::system(Origin { address: None, request_id: None, body_bytes: None })
}

fn told(failure: &Failure) -> ExitCode {
    let mut causes = String::new();
    let mut source = failure.source();
    while let Some(cause) = source {
        causes.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    drop(writeln!(std::io::stderr(), "mediary: {failure}{causes}"));
    ExitCode::FAILURE
}

async fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve { place, listen } => serving::serve(load(place, listen)?).await,
        Command::Init { place, json, name, email } => init(&load(place, None)?, json, &name, &email).await,
        Command::Tenant { place, command } => {
            let library = open(place).await?;
            print_and_close(&library, keys::tenant(&library, command).await).await
        }
        Command::User { place, command } => {
            let library = open(place).await?;
            print_and_close(&library, keys::user(&library, command).await).await
        }
        Command::Token { place, command } => {
            let library = open(place).await?;
            print_and_close(&library, keys::token(&library, command).await).await
        }
        Command::Keys { command: KeysCommand::New, .. } => {
            print(&serde_json::to_string_pretty(&encryption::new_master_key())?)
        }
        Command::Keys { place, command } => {
            let settings = load(place, None)?;
            let library = match command {
                KeysCommand::Restore { .. } => wiring::open_without_keys(&settings).await?,
                _ => wiring::open(&settings).await?,
            };
            print_and_close(&library, encryption::run(&library, command).await).await
        }
        Command::Folder { place, command } => {
            let library = open(place).await?;
            print_and_close(&library, folders::run(&library, command).await).await
        }
        Command::Signing { place, command } => {
            let library = open(place).await?;
            print_and_close(&library, signing_keys::run(&library, command).await).await
        }
        Command::Link { place, command } => {
            let settings = load(place, None)?;
            let library = wiring::open(&settings).await?;
            print_and_close(&library, links::run(&library, &settings, command).await).await
        }
        Command::Policy { place, command } => {
            let library = open(place).await?;
            print_and_close(&library, policy::run(&library, command).await).await
        }
        Command::Quarantine { place, command } => {
            let library = open(place).await?;
            print_and_close(&library, quarantine::run(&library, command).await).await
        }
        Command::Audit { place, command } => {
            let library = open(place).await?;
            let outcome = audit::run(&library, command).await;
            library.close().await;
            outcome
        }
        Command::Sent { place, wanted } => {
            let library = open(place).await?;
            print_and_close(&library, links::sent(&library, wanted).await).await
        }
        Command::Verify { place, repair } => {
            let library = open(place).await?;
            let outcome = care::verify(&library, repair).await;
            library.close().await;
            outcome
        }
        Command::Gc { place, dry_run } => {
            let library = open(place).await?;
            print_and_close(&library, care::collect(&library, dry_run).await).await
        }
        Command::Backup { place, wanted } => backups::back_up(&load(place, None)?, wanted).await,
        Command::Restore { place, wanted } => backups::restore(&load(place, None)?, wanted).await,
        Command::Renditions { place, command } => {
            let settings = load(place, None)?;
            let library = wiring::open(&settings).await?;
            let outcome = renditions::run(&library, command, wiring::workers(&settings)).await;
            library.close().await;
            outcome
        }
        Command::CheckConfig { place } => {
            serving::check(&load(place, None)?)?;
            print("the settings are in order")
        }
        Command::ConfigDefault => print(DEFAULTS.trim_end()),
        Command::Health { listen } => health(listen),
        Command::Version => print(concat!("mediary ", env!("CARGO_PKG_VERSION"))),
    }
}

fn load(place: Place, listen: Option<String>) -> Result<Settings, Failure> {
    let Place { config, data, database, blobs } = place;
    Ok(Settings::load(&Flags { config, data, listen, database, blobs }, environment::variables()?)?)
}

async fn open(place: Place) -> Result<Library, Failure> {
    wiring::open(&load(place, None)?).await
}

async fn init(settings: &Settings, json: bool, name: &str, email: &str) -> Result<(), Failure> {
    let library = wiring::open(settings).await?;
    if !library.tenants(&Actor::system(Origin::default())).await?.is_empty() {
        library.close().await;
        return Err("this library is initialised already; nothing was changed. \
                    New keys: mediary token create, new tenants: mediary tenant create"
            .into());
    }
    let keys = founding::found(&library, name, email).await;
    library.close().await;
    let keys = keys?;
    if json { print(&serde_json::to_string(&keys)?) } else { print(&readable(&keys)?) }
}

/// A line for each set of keys, in the order of the JSON and with its names.
fn readable(keys: &Keys) -> Result<String, Failure> {
    let sets = serde_json::to_value(keys)?;
    let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = |(set, fields): (&String, &serde_json::Value)| {
        let fields = fields.as_object().into_iter().flatten();
        let fields: Vec<_> = fields.map(|(name, value)| format!("{name} {}", plain(value))).collect();
        format!("{set}: {}", fields.join(", "))
    };
    Ok(sets.as_object().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n"))
}

async fn print_and_close(library: &Library, outcome: Result<serde_json::Value, Failure>) -> Result<(), Failure> {
    library.close().await;
    print(&serde_json::to_string_pretty(&outcome?)?)
}

fn print(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// One request over a plain socket: this command runs in containers' health checks, every few seconds.
fn health(listen: SocketAddr) -> Result<(), Failure> {
    let wait = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&listen, wait).map_err(|error| format!("{listen}: {error}"))?;
    stream.set_read_timeout(Some(wait))?;
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200 ") { print("ok") } else { Err(format!("{listen} is not well").into()) }
}
