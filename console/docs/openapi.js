// Shows /openapi.json. A token that is entered stays in this page: it is not written anywhere.
globalThis.SwaggerUIBundle({
  url: '/openapi.json',
  domNode: document.querySelector('#viewer'),
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  persistAuthorization: false,
  // Sending the document to an outside validator would tell it which API is looked at.
  validatorUrl: null,
});
