// Shows the API document of this installation; the page has loaded Swagger UI before this.
globalThis.SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null })
