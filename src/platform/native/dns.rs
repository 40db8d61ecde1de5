//! The system's resolver, as hyper-util's connector asks it.

use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::maybe::BoxFuture;
use crate::names::Resolve;

use super::names::NotResolved;
use super::system_resolver::SystemResolver;

#[derive(Clone)]
pub(super) struct Resolver(SystemResolver);

impl Resolver {
    pub(super) fn new() -> Self {
        Self(SystemResolver::new())
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = NotResolved;
    type Future = BoxFuture<'static, Result<Self::Response, NotResolved>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotResolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let looking_up = self.0.resolve(name.as_str());
        Box::pin(async move {
            let found = looking_up.await.map_err(|error| NotResolved::new(name.as_str(), error))?;
            Ok(found.into_parts().0.into_iter())
        })
    }
}
