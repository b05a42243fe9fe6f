// Sends spans with the official OpenTelemetry SDK for JavaScript, as OTLP/HTTP
// in JSON and in protobuf, to each vendor's address, and reads them back from
// that vendor's API with fetch. The server's address is the only argument.
'use strict';
const assert = require('node:assert/strict');
const { trace, SpanKind, SpanStatusCode } = require('@opentelemetry/api');
const { BasicTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const json = require('@opentelemetry/exporter-trace-otlp-http');
const proto = require('@opentelemetry/exporter-trace-otlp-proto');

const base = process.argv[2];
const began = 1718802000000; // ms

// send exports a root and its failed child, and returns the trace's id.
async function send(Exporter, service, { path = '/v1/traces', headers = {}, compression, attributes = {} }) {
  const exporter = new Exporter({ url: base + path, headers, compression });
  const results = [];
  const exportSpans = exporter.export.bind(exporter);
  exporter.export = (spans, done) => exportSpans(spans, result => { results.push(result); done(result); });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'node', ...attributes }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('test', '1.0.0');
  const root = tracer.startSpan('GET /cart', { kind: SpanKind.SERVER, startTime: began, attributes: { 'http.response.status_code': 500, ratio: 0.5 } });
  const child = tracer.startSpan('SELECT', { kind: SpanKind.CLIENT, startTime: began + 10 }, trace.setSpan(require('@opentelemetry/api').ROOT_CONTEXT, root));
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'deadlock' });
  child.addEvent('retry', { last: true, hosts: ['a', 'b'] }, began + 20);
  child.end(began + 40);
  root.end(began + 250);
  await provider.forceFlush();
  await provider.shutdown();
  assert.equal(results.length, 2);
  for (const r of results) assert.equal(r.code, 0, String(r.error));
  return root.spanContext().traceId;
}

async function ask(method, path, headers, body) {
  const response = await fetch(base + path, {
    method, headers: { 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body),
  });
  const text = await response.text();
  assert.equal(response.status, 200, `${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

// vendors: where each takes spans, and how the trace is read back, as a list
// of [name, duration in ms].
const vendors = {
  last9: {
    exporter: { headers: { Authorization: 'Basic ' + Buffer.from('node:secret').toString('base64') } },
    read: async id => (await ask('GET', `/api/v4/organizations/node/cat/api/traces/${id}?region=r&start=1718801000&end=1718803000`,
      { 'X-LAST9-API-TOKEN': 'Bearer t' })).traces.map(s => [s.SpanName, s.Duration / 1e6]),
  },
  mackerel: {
    exporter: { headers: { 'Mackerel-Api-Key': 'node' } },
    read: async id => (await ask('GET', `/api/v0/traces/${id}`, { 'X-Api-Key': 'node' })).spans
      .map(s => [s.name, new Date(s.endTime) - new Date(s.startTime)]),
  },
  sideseat: {
    exporter: { path: '/otel/node/v1/traces' },
    read: async id => (await ask('GET', `/api/v1/project/node/otel/traces/${id}`)).spans.map(s => [s.span_name, s.duration_ms]),
  },
  truefoundry: {
    exporter: { path: '/api/otel/v1/traces', headers: { Authorization: 'Bearer t', 'TFY-Tracing-Project': 'node' } },
    read: async id => (await ask('POST', '/api/svc/v1/spans/query', { Authorization: 'Bearer t' },
      { tracingProjectFqn: 'node', startTime: '2024-06-19T00:00:00Z', traceIds: [id], sortDirection: 'asc' })).data
      .map(s => [s.spanName, s.durationNs / 1e6]),
  },
  lumos: {
    exporter: { attributes: { 'alerty.organizationId': 'node' } },
    read: async (id, service) => (await ask('POST', '/query/traces', { Authorization: 'Bearer node' }, { service_name: service }))
      .filter(s => s.trace_id === id).reverse().map(s => [s.span_name, s.duration / 1e6]),
  },
};

(async () => {
  let done = 0;
  for (const [vendor, { exporter, read }] of Object.entries(vendors)) {
    for (const [encoding, { OTLPTraceExporter }] of Object.entries({ json, proto })) {
      for (const compression of ['none', 'gzip']) {
        const service = `${vendor}-${encoding}-${compression}`;
        const id = await send(OTLPTraceExporter, service, { compression, ...exporter });
        assert.deepEqual(await read(id, service), [['GET /cart', 250], ['SELECT', 30]], service);
        done++;
      }
    }
  }
  console.log(`${done} exchanges`);
})().catch(error => {
  console.error(error);
  process.exit(1);
});
