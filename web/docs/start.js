// Shows the document that this server gives; no other host is asked for anything.
SwaggerUIBundle({
  url: "/openapi.json",
  domNode: document.getElementById("document"),
  deepLinking: true,
  validatorUrl: null,
});
