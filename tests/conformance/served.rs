//! Programs that serve: started on ports of their own, and ended with the test, however that ends.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Ends its program, and removes the folder that is its name, once its standard input ends: at the latest with the process
/// that holds the other end, even one that was killed.
const GUARD: &str = r#""$@" </dev/null & cat >/dev/null; kill $!; wait $!; rm -rf "$0""#;

/// Far more than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that runs until this is dropped, and the folder it works in.
pub struct Served {
    guard: Child,
    folder: PathBuf,
}

impl Served {
    /// Starts it in a folder of its own; what it says is kept there.
    pub fn start(program: &mut Command, folder: Folder) -> Self {
        let log = std::fs::File::create(folder.path().join("said")).expect("create a log");
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD]).arg(folder.path()).arg(program.get_program()).args(program.get_args());
        guard.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        guard.current_dir(folder.path()).stdin(Stdio::piped());
        guard.stdout(log.try_clone().expect("a second handle")).stderr(log);
        let guard = guard.spawn().expect("start sh");
        Self { guard, folder: folder.keep() }
    }

    /// Waits until the port answers a request.
    pub fn answers(self, port: u16) -> Self {
        let start = Instant::now();
        while !answers(port) {
            assert!(start.elapsed() < PATIENCE, "no answer in {PATIENCE:?}; it said:\n{}", self.said());
        }
        self
    }

    /// Waits until the port takes connections.
    pub fn listens(self, address: SocketAddr) -> Self {
        let start = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(start.elapsed() < PATIENCE, "no listener in {PATIENCE:?}; it said:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
        self
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.join("said")).unwrap_or_default()
    }
}

/// nginx in between: where to ask it for what the server at this port has, by this configuration.
pub fn behind_nginx(name: &str, conf: &str, origin: u16) -> (u16, Served) {
    let (port, folder) = (Port::new(), Folder::new(&format!("{name}-nginx")));
    // Root's nginx would serve as somebody who may not read the folder.
    let user = if rustix::process::geteuid().is_root() { "user root root;" } else { "" };
    let conf = conf.replace("@user@", user).replace("@port@", &port.number().to_string());
    folder.write("nginx.conf", conf.replace("@origin@", &origin.to_string()));
    folder.write("temp/keep", "");
    let mut program = Command::new(installed("DUALFETCH_NGINX"));
    program.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf"));
    program.args(["-e", "stderr"]).env("NGINX", format!("{};", port.descriptor()));
    let served = Served::start(&mut program, folder);
    (port.number(), served)
}

impl Drop for Served {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.said());
        }
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// The listener is open before the program runs, so a connection waits until it is accepted.
fn answers(port: u16) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let _ = stream.write_all(b"GET / HTTP/1.0\r\n\r\n");
    let mut start = [0; 5];
    stream.read_exact(&mut start).is_ok() && start == *b"HTTP/"
}

/// A folder for one server.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        Self::below(PathBuf::from(env!("CARGO_TARGET_TMPDIR")), name)
    }

    /// One that a server may read which gives up being root.
    pub fn open_to_all(name: &str) -> Self {
        let folder = Self::below(std::env::temp_dir(), &format!("dualfetch-{name}"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).expect("let others in");
        folder
    }

    fn below(place: PathBuf, name: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{name}-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = place.join(name);
        let _ = std::fs::remove_dir_all(&folder); // a killed process's of the same number
        std::fs::create_dir_all(&folder).expect("create a folder");
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        let file = self.0.join(file);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("create a folder");
        std::fs::write(file, content).expect("write a file");
    }

    fn keep(self) -> PathBuf {
        self.0
    }
}

/// A loopback port whose listener a started program inherits: nobody else can have taken it meanwhile.
pub struct Port(TcpListener);

impl Port {
    pub fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("bind a loopback port");
        rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).expect("let it be inherited");
        Self(listener)
    }

    pub fn number(&self) -> u16 {
        self.0.local_addr().expect("the bound address").port()
    }

    /// The descriptor's number, in the started program as here.
    pub fn descriptor(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

/// As many free ports at a loopback address that nobody else uses, for programs that open their own.
pub fn free<const N: usize>() -> [SocketAddr; N] {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let [high, low, ..] = std::process::id().to_le_bytes();
    let number = u8::try_from(NUMBER.fetch_add(1, Ordering::Relaxed) % 128).expect("less than 128");
    let address = Ipv4Addr::new(127, 64 + number, low, high);
    let listeners = [(); N].map(|()| TcpListener::bind((address, 0)).expect("bind a loopback port"));
    listeners.map(|listener| listener.local_addr().expect("the bound address"))
}

/// A program that scripts/setup installs, by the variable in which `scripts/setup --env` names it.
pub fn installed(variable: &str) -> String {
    let named = std::env::var(variable).ok().filter(|path| !path.is_empty());
    let path = named.or_else(|| environment(variable)).unwrap_or_default();
    // Whether it calls being asked for help a success is its own matter.
    let output = Command::new(&path).arg("-h").stdin(Stdio::null()).output();
    assert!(output.is_ok(), "{variable} ({path:?}) does not run: run scripts/setup, which installs it");
    path
}

/// Without the variable, what scripts/setup would set it to.
fn environment(variable: &str) -> Option<String> {
    static SET: OnceLock<String> = OnceLock::new();
    let set = SET.get_or_init(|| {
        let script = r#"eval "$(scripts/setup --env)" && env"#;
        let output =
            Command::new("bash").args(["-c", script]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    });
    let start = format!("{variable}=");
    set.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
}
