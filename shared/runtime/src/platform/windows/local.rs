//! Named pipes, in the place of Unix sockets. Their names are machine-wide and anybody may make
//! them, hence:
//!
//! - who listens takes the name with `FILE_FLAG_FIRST_PIPE_INSTANCE`, refuses other machines, and
//!   gives callers the rights to read and write, but not to listen on the same name;
//! - who connects looks at the pipe's owner, which only administrators can set to another than
//!   themselves, and lets the other end know who they are but not act for them.

use std::io;
use std::os::windows::io::{AsHandle as _, AsRawHandle as _, BorrowedHandle, FromRawHandle as _};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::windows::named_pipe::{NamedPipeClient, NamedPipeServer, PipeMode, ServerOptions};
use tokio::time::{sleep, timeout};
use windows_sys::Win32::Foundation::{ERROR_PIPE_BUSY, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_OVERLAPPED, FILE_GENERIC_READ, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA,
    OPEN_EXISTING, SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT,
};

use super::peer::{self, Account};
use super::security::{self, Descriptor, FILE};
use super::wide::wide;
use crate::local::Callers;
use crate::peer::Peer;

/// The byte that every caller sends first: Windows tells who a client is once something was read of
/// it.
const GREETING: u8 = 0x42;
/// How long it may take.
const GREETED: Duration = Duration::from_secs(2);
/// How long all instances may be busy, and how often to look.
const BUSY: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);
/// The longest name that Windows takes.
const MAX_NAME: usize = 256;
/// What each direction holds before the writer waits.
const BUFFER: u32 = 64 << 10;
/// What a caller may do: read and write, but not `FILE_CREATE_PIPE_INSTANCE`, which is the bit that
/// appends to files.
const CALL: u32 = FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES;

/// Takes connections on a pipe that is named by a path.
#[derive(Debug)]
pub struct Listener {
    name: String,
    descriptor: Descriptor,
    next: NamedPipeServer,
}

impl Listener {
    /// Listens. Call it within a runtime.
    ///
    /// # Errors
    /// The system's; `PermissionDenied` if the name is taken already.
    pub fn bind(path: &Path, callers: &Callers) -> io::Result<Self> {
        let own = Account::own();
        let callers: Vec<String> = match callers {
            // Authenticated users: everybody but those who come without a name.
            Callers::Everybody => vec!["AU".to_owned()],
            Callers::Only(accounts) => accounts.iter().map(ToString::to_string).collect(),
        };
        let mut sddl = format!("O:{own}D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;{own})");
        for caller in callers.iter().filter(|caller| **caller != own.to_string()) {
            sddl.push_str(&format!("(A;;{CALL:#x};;;{caller})"));
        }
        let name = name(path)?;
        let descriptor = Descriptor::read(&sddl)?;
        let next = instance(&name, &descriptor, First::Yes)?;
        Ok(Self { name, descriptor, next })
    }

    /// The next connection. Cancel-safe.
    ///
    /// # Errors
    /// The system's.
    pub async fn accept(&mut self) -> io::Result<Stream> {
        self.next.connect().await?;
        // If there is no other instance, this one stays, connected, for the next try.
        let next = instance(&self.name, &self.descriptor, First::No)?;
        Ok(Stream::Server(std::mem::replace(&mut self.next, next)))
    }
}

/// Whether nobody may have the name yet.
#[derive(Clone, Copy)]
enum First {
    Yes,
    No,
}

#[expect(unsafe_code, reason = "the security attributes are a pointer")]
fn instance(name: &str, descriptor: &Descriptor, first: First) -> io::Result<NamedPipeServer> {
    let mut attributes = descriptor.attributes();
    let mut options = ServerOptions::new();
    options
        .first_pipe_instance(matches!(first, First::Yes))
        .reject_remote_clients(true)
        .pipe_mode(PipeMode::Byte)
        .in_buffer_size(BUFFER)
        .out_buffer_size(BUFFER);
    // SAFETY: the attributes and the descriptor that they point to live beyond the call.
    unsafe { options.create_with_security_attributes_raw(name, (&raw mut attributes).cast()) }
}

/// The pipe that a path names: the path's letters, in one name, since pipes know no folders.
fn name(path: &Path) -> io::Result<String> {
    let path = std::path::absolute(path)?;
    let plain: String = path
        .to_string_lossy()
        .chars()
        .map(|letter| if matches!(letter, '\\' | '/' | ':') { '-' } else { letter })
        .flat_map(char::to_lowercase)
        .collect();
    let name = format!(r"\\.\pipe\befund-{plain}");
    if name.encode_utf16().count() > MAX_NAME {
        let text = format!(
            "the path {} is too long for a pipe's name; choose a shorter folder",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(name)
}

/// Connects to a pipe of one's own account, of the system's, of an administrator's, or of the
/// service that is named.
///
/// # Errors
/// The system's; `PermissionDenied` if somebody else listens there.
pub async fn connect(path: &Path, service: &str) -> io::Result<Stream> {
    let name = name(path)?;
    let open = async {
        loop {
            match open(&name, service) {
                Err(error) if is_busy(&error) => sleep(LOOK).await,
                opened => return opened,
            }
        }
    };
    let mut client = timeout(BUSY, open).await.unwrap_or_else(|_| {
        Err(io::Error::new(io::ErrorKind::TimedOut, "all of its places are taken"))
    })?;
    client.write_all(&[GREETING]).await?;
    Ok(Stream::Client(client))
}

fn is_busy(error: &io::Error) -> bool {
    error.raw_os_error().map(i32::cast_unsigned) == Some(ERROR_PIPE_BUSY)
}

#[expect(unsafe_code, reason = "tokio opens pipes with more rights than callers have")]
fn open(name: &str, service: &str) -> io::Result<NamedPipeClient> {
    // SAFETY: the name is ended by a zero.
    let handle = unsafe {
        CreateFileW(
            wide(name).as_ptr(),
            CALL,
            0,
            std::ptr::null(),
            OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
            std::ptr::null_mut(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just opened for us, and for overlapped use as tokio wants it.
    let pipe = unsafe { std::os::windows::io::OwnedHandle::from_raw_handle(handle) };
    let owner = security::of(pipe.as_handle(), FILE)?.owner()?;
    if !security::is_trusted(&owner) && owner != Account::of_service(service) {
        let text = format!("{} listens there, who is not the agent", owner.name());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    // SAFETY: it is a pipe for overlapped use, and passes into tokio's hands.
    unsafe {
        NamedPipeClient::from_raw_handle(std::os::windows::io::IntoRawHandle::into_raw_handle(pipe))
    }
}

/// Asks the kernel who is at the other end, which has to greet for that. Call it once, first.
///
/// # Errors
/// The system's; `TimedOut` or `InvalidData` if the other end does not greet.
pub async fn credentials(stream: &mut Stream) -> io::Result<Peer> {
    match timeout(GREETED, stream.read_u8()).await {
        Ok(Ok(GREETING)) => {}
        Ok(Ok(_)) => {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no Befund program"));
        }
        Ok(Err(error)) => return Err(error),
        Err(_) => return Err(io::ErrorKind::TimedOut.into()),
    }
    peer::of_pipe(stream.handle())
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// The listener's end.
    Server(NamedPipeServer),
    /// The caller's end.
    Client(NamedPipeClient),
}

impl Stream {
    #[expect(unsafe_code, reason = "tokio's pipes lend their handle only as a number")]
    fn handle(&self) -> BorrowedHandle<'_> {
        let handle = match self {
            Self::Server(pipe) => pipe.as_raw_handle(),
            Self::Client(pipe) => pipe.as_raw_handle(),
        };
        // SAFETY: the pipe is open as long as it is borrowed.
        unsafe { BorrowedHandle::borrow_raw(handle) }
    }
}

/// The direction that is read.
pub type ReadHalf = tokio::io::ReadHalf<Stream>;
/// The direction that is written.
pub type WriteHalf = tokio::io::WriteHalf<Stream>;

/// The two directions.
#[must_use]
pub fn split(stream: Stream) -> (ReadHalf, WriteHalf) {
    tokio::io::split(stream)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Server(pipe) => Pin::new(pipe).poll_read(cx, buffer),
            Self::Client(pipe) => Pin::new(pipe).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Server(pipe) => Pin::new(pipe).poll_write(cx, bytes),
            Self::Client(pipe) => Pin::new(pipe).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Server(pipe) => Pin::new(pipe).poll_flush(cx),
            Self::Client(pipe) => Pin::new(pipe).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Server(pipe) => Pin::new(pipe).poll_shutdown(cx),
            Self::Client(pipe) => Pin::new(pipe).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path of this test's own.
    fn path(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("{}-{name}.sock", std::process::id()))
    }

    #[tokio::test]
    async fn the_kernel_says_who_called_and_bytes_go_both_ways() {
        let path = path("called");
        let mut listener = Listener::bind(&path, &Callers::Everybody).expect("a pipe");
        let caller = async {
            let mut stream = connect(&path, "nobody").await.expect("a connection");
            stream.write_all(b"ask").await.expect("written");
            stream.read_u8().await.expect("an answer")
        };
        let answerer = async {
            let mut stream = listener.accept().await.expect("a caller");
            let peer = credentials(&mut stream).await.expect("an account");
            let mut asked = [0; 3];
            stream.read_exact(&mut asked).await.expect("a question");
            stream.write_u8(7).await.expect("written");
            (peer, asked)
        };
        let (answer, (peer, asked)) = tokio::join!(caller, answerer);
        assert_eq!((answer, &asked), (7, b"ask"));
        assert_eq!(peer.account, Account::own());
        assert_eq!(peer.pid, Some(std::process::id()));
    }

    #[tokio::test]
    async fn a_caller_that_does_not_greet_is_not_known() {
        let path = path("mute");
        let mut listener = Listener::bind(&path, &Callers::Only(Vec::new())).expect("a pipe");
        let mute = open(&name(&path).expect("a name"), "nobody").expect("a connection");
        let mut stream = listener.accept().await.expect("a caller");
        let error = credentials(&mut stream).await.expect_err("nothing came");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(mute);
    }

    #[tokio::test]
    async fn where_somebody_else_listens_nothing_is_said() {
        let path = path("squatted");
        // The group of guests. Where an account may not give what it makes to others, as on any
        // Windows, there is nothing to be tried.
        let descriptor = Descriptor::read("O:S-1-5-32-546D:(A;;GA;;;WD)").expect("SDDL");
        let name = name(&path).expect("a name");
        let Ok(_squatter) = instance(&name, &descriptor, First::Yes) else { return };
        let error = connect(&path, "nobody").await.expect_err("it is somebody else's");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("who is not the agent"), "{error}");
    }

    #[tokio::test]
    async fn where_nobody_listens_it_is_not_found() {
        let error = connect(&path("nowhere"), "nobody").await.expect_err("nobody");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let long = std::path::PathBuf::from(format!("C:\\{}", "x".repeat(300)));
        let error = connect(&long, "nobody").await.expect_err("no name");
        assert!(error.to_string().contains("too long"), "{error}");
    }
}
