//! The data of one instance's store: all that the instance may reach, and nothing of another's.

use std::net::SocketAddr;
use std::sync::Arc;

use host_postgres::{PostgresCtxView, PostgresView};
use manifest::AllowedHosts;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::imports::{KeyValue, OutboundHttp, Variables};
use crate::limits::Limits;

/// The data of a [`wasmtime::Store`].
pub struct State {
    pub(crate) table: ResourceTable,
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) outbound_http: OutboundHttp,
    pub(crate) postgres: host_postgres::State,
    pub(crate) variables: Variables,
    pub(crate) key_value: KeyValue,
    pub(crate) limits: Limits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.outbound_http,
        }
    }
}

impl PostgresView for State {
    fn postgres(&mut self) -> PostgresCtxView<'_> {
        PostgresCtxView {
            state: &mut self.postgres,
            table: &mut self.table,
        }
    }
}

/// Whether a raw socket may be opened: only to an address in the allow-list under `tcp` or
/// `udp`, and never to listen.
pub(crate) fn allows_socket(
    hosts: &AllowedHosts,
    component: &Arc<str>,
    address: SocketAddr,
    purpose: SocketAddrUse,
) -> bool {
    let scheme = match purpose {
        SocketAddrUse::TcpConnect => "tcp",
        SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => "udp",
        // A connection out binds to any port first.
        SocketAddrUse::TcpBind | SocketAddrUse::UdpBind => {
            return address.ip().is_unspecified() && address.port() == 0;
        }
        SocketAddrUse::TcpListen | SocketAddrUse::TcpAccept => return false,
    };
    let allowed = hosts.allows(scheme, &address.ip().to_string(), address.port());
    if !allowed {
        tracing::warn!(
            component = &**component,
            "refused a connection to {scheme}://{address}: to allow it, add it to \
             allowed_outbound_hosts of the component"
        );
    }
    allowed
}
