//! `Send` and `Sync` where the target has threads, nothing where it has none.
//!
//! Natively every future of this crate is `Send`; in a browser a future may hold JavaScript objects, which are
//! not. Bounds written with these two traits, and boxes written with these aliases, say both at once.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::Stream;

use crate::payload::Payload;
#[cfg(feature = "websocket")]
use crate::socket::{Clock, Socket};

#[cfg(not(target_arch = "wasm32"))]
mod bounds {
    /// `Send` on targets with threads, no bound on WebAssembly.
    pub trait MaybeSend: Send {}
    impl<T: Send + ?Sized> MaybeSend for T {}

    /// `Sync` on targets with threads, no bound on WebAssembly.
    pub trait MaybeSync: Sync {}
    impl<T: Sync + ?Sized> MaybeSync for T {}

    pub(super) type DynFuture<'a, T> = dyn Future<Output = T> + Send + 'a;
    pub(super) type DynStream<'a, T> = dyn Stream<Item = T> + Send + 'a;
    pub(super) type DynBody = dyn Payload + Send;
    pub(super) type DynAny = dyn Any + Send + Sync;
    #[cfg(feature = "websocket")]
    pub(super) type DynSocket = dyn Socket + Send;
    #[cfg(feature = "websocket")]
    pub(super) type DynClock = dyn Clock + Send;
    use super::{Any, Future, Payload, Stream};
    #[cfg(feature = "websocket")]
    use super::{Clock, Socket};
}

#[cfg(target_arch = "wasm32")]
mod bounds {
    /// `Send` on targets with threads, no bound on WebAssembly.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}

    /// `Sync` on targets with threads, no bound on WebAssembly.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}

    pub(super) type DynFuture<'a, T> = dyn Future<Output = T> + 'a;
    pub(super) type DynStream<'a, T> = dyn Stream<Item = T> + 'a;
    pub(super) type DynBody = dyn Payload;
    pub(super) type DynAny = dyn Any;
    #[cfg(feature = "websocket")]
    pub(super) type DynSocket = dyn Socket;
    #[cfg(feature = "websocket")]
    pub(super) type DynClock = dyn Clock;
    use super::{Any, Future, Payload, Stream};
    #[cfg(feature = "websocket")]
    use super::{Clock, Socket};
}

pub use bounds::{MaybeSend, MaybeSync};

/// A boxed future, `Send` where the target has threads.
pub type BoxFuture<'a, T> = Pin<Box<bounds::DynFuture<'a, T>>>;

/// A boxed stream, `Send` where the target has threads.
pub type BoxStream<'a, T> = Pin<Box<bounds::DynStream<'a, T>>>;

/// A boxed response body, `Send` where the target has threads.
pub type BoxBody = Pin<Box<bounds::DynBody>>;

/// Something of any type, shared; `Send` and `Sync` where the target has threads.
pub(crate) type SharedAny = Arc<bounds::DynAny>;

/// A connection of a WebSocket, its type not told; `Send` where the target has threads.
#[cfg(feature = "websocket")]
pub type BoxSocket = Box<bounds::DynSocket>;

/// What drives a connection's timers; `Send` where the target has threads.
#[cfg(feature = "websocket")]
pub(crate) type BoxClock = Box<bounds::DynClock>;
