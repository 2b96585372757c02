// usage: node check-api.mjs FILE...    Are these OpenAPI 3 and AsyncAPI 3 documents valid?
//
// AsyncAPI documents are checked against the published JSON schema, and every local $ref of either
// kind must point at something.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Validator } from '@seriousme/openapi-schema-validator';
import { parse } from 'yaml';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);

function danglingRefs(doc) {
    const bad = [];
    const resolves = (ref) =>
        ref.slice(2).split('/').reduce((at, key) => at?.[decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')], doc) !== undefined;
    (function walk(node) {
        if (node === null || typeof node !== 'object') return;
        if (typeof node.$ref === 'string' && node.$ref.startsWith('#/') && !resolves(node.$ref)) bad.push(`${node.$ref} points at nothing`);
        Object.values(node).forEach(walk);
    })(doc);
    return bad;
}

async function problems(doc) {
    if (doc?.openapi) {
        const result = await new Validator().validate(structuredClone(doc));
        return result.valid ? [] : [].concat(result.errors).map((e) => (typeof e === 'string' ? e : `${e.instancePath} ${e.message}`));
    }
    if (doc?.asyncapi) {
        const schema = require(`@asyncapi/specs/schemas/${doc.asyncapi}-without-$id.json`);
        const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
        addFormats(ajv);
        const validate = ajv.compile(schema);
        return validate(doc) ? [] : validate.errors.slice(0, 20).map((e) => `${e.instancePath} ${e.message}`);
    }
    return ['neither an OpenAPI nor an AsyncAPI document'];
}

let bad = 0;
for (const file of process.argv.slice(2)) {
    const doc = parse(readFileSync(file, 'utf8'));
    for (const p of [...(await problems(doc)), ...danglingRefs(doc)]) {
        console.log(`${file}: ${p}`);
        bad = 1;
    }
}
process.exit(bad);
