//! Bindings of `spin:postgres`, generated from `wit/spin/postgres@4.2.0`.

#[allow(missing_docs, reason = "generated code")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../../wit/spin/postgres@4.2.0",
        inline: "
            package host:postgres;
            world imports {
                import spin:postgres/postgres@4.2.0;
            }
        ",
        world: "host:postgres/imports",
        imports: {
            "spin:postgres/postgres.[static]connection.open-async": store | trappable,
            "spin:postgres/postgres.[method]connection.query-async": store | trappable,
            "spin:postgres/postgres.[method]connection.execute-async": store | trappable,
            "spin:postgres/postgres.[method]connection-builder.build-async": store | trappable,
            "spin:postgres/postgres.[static]connection.open": async | trappable,
            "spin:postgres/postgres.[method]connection.query": async | trappable,
            "spin:postgres/postgres.[method]connection.execute": async | trappable,
            "spin:postgres/postgres.[method]connection-builder.build": async | trappable,
            default: trappable,
        },
        with: {
            "spin:postgres/postgres.connection": crate::connection::Connection,
            "spin:postgres/postgres.connection-builder": crate::connection::Builder,
        },
        trappable_error_type: {
            "spin:postgres/postgres.error" => crate::failure::Failure,
        },
    });
}

pub(crate) use generated::spin::postgres::postgres as wit;
