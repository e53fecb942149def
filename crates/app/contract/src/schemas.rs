//! Schemas of the documents that operations take and give, collected as they are named.

use std::collections::BTreeMap;

use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        path::{Parameter, ParameterIn},
        schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, SchemaType, Type},
    },
};

/// Puts a type's schema and those it refers to into the collection, and refers to it.
pub(crate) type SchemaOf = fn(&mut Schemas) -> RefOr<Schema>;

/// The document's schemas by their names.
pub(crate) type Schemas = BTreeMap<String, RefOr<Schema>>;

pub(crate) fn query_of<Q: IntoParams>() -> Vec<Parameter> {
    Q::into_params(|| Some(ParameterIn::Query))
}

/// What a client sends: a field that is not known is refused.
pub(crate) fn request_of<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    collect::<T>(schemas, |object| {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    })
}

/// What the API sends: every field is always there, null where there is no value.
pub(crate) fn response_of<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    collect::<T>(schemas, |object| {
        object.required = object.properties.keys().cloned().collect();
    })
}

pub(crate) fn page_of<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let item = response_of::<T>(schemas);
    let cursor = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some(
            "Where the next page begins, to be sent as `cursor`; null at the end.",
        ));
    let page = ObjectBuilder::new()
        .property("items", ArrayBuilder::new().items(item))
        .property("next_cursor", cursor)
        .required("items")
        .required("next_cursor");
    let name = format!("{}Page", T::name());
    schemas.insert(name.clone(), Schema::from(page).into());
    reference(&name)
}

fn collect<T: ToSchema>(
    schemas: &mut Schemas,
    mut finish: impl FnMut(&mut utoipa::openapi::Object),
) -> RefOr<Schema> {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, mut schema) in found {
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            if !object.properties.is_empty() {
                finish(object);
            }
        }
        schemas.insert(name, schema);
    }
    reference(&T::name())
}

fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}
