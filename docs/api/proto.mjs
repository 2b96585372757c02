// Reads our .proto files: messages, oneofs, enums and their comments.  Just what they use of the
// language, so that the documents need no compiler; anything else is an error, not a gap.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** All messages and enums below a folder, by full name: "threadline.acd.v1.ContactOffered". */
export function readProtos(folder) {
    const types = new Map();
    for (const file of readdirSync(folder, { recursive: true }).filter((f) => f.endsWith('.proto')).sort())
        readFile(path.join(folder, file), types);
    return types;
}

function readFile(file, types) {
    const stack = []; // messages, enums, oneofs and services that are open
    let pkg = '';
    let comment = [];
    const top = () => stack[stack.length - 1];

    for (const [i, raw] of readFileSync(file, 'utf8').split('\n').entries()) {
        const [, code, note] = /^\s*(.*?)\s*(?:\/\/\s?(.*))?$/.exec(raw);
        let m;
        if (code === '') {
            if (note !== undefined) comment.push(note);
            else comment = [];
            continue;
        }
        const text = [...comment, ...(note ? [note] : [])].join(' ').trim();
        comment = [];
        if ((m = /^package ([\w.]+);$/.exec(code))) pkg = m[1];
        else if (/^(syntax|import|option|rpc|reserved) ?.*;$/.test(code) || /^syntax =/.test(code)) continue;
        else if ((m = /^(message|enum|service|oneof) (\w+) \{(\})?$/.exec(code))) {
            const type = { kind: m[1], name: m[2], full: `${pkg}.${m[2]}`, text, fields: [], values: [] };
            if (type.kind === 'message' || type.kind === 'enum') types.set(type.full, type);
            if (!m[3]) stack.push(type);
        } else if (code === '}') stack.pop();
        else if (top()?.kind === 'enum' && (m = /^(\w+) = (\d+);$/.exec(code)))
            top().values.push({ name: m[1], text });
        else if ((m = /^(repeated )?([\w.]+) (\w+) = (\d+);$/.exec(code))) {
            const owner = top().kind === 'oneof' ? stack[stack.length - 2] : top();
            owner.fields.push({ repeated: !!m[1], type: resolve(m[2], pkg), name: m[3], text,
                oneof: top().kind === 'oneof' ? top().name : '' });
        } else throw new Error(`${file}:${i + 1}: not understood: ${code}`);
    }
}

const SCALARS = { string: { type: 'string' }, bool: { type: 'boolean' }, bytes: { type: 'string', contentEncoding: 'base64' },
    int32: { type: 'integer', format: 'int32' }, uint32: { type: 'integer', minimum: 0 },
    int64: { type: 'integer', format: 'int64' }, uint64: { type: 'integer', minimum: 0 }, double: { type: 'number' } };

const resolve = (type, pkg) => (type in SCALARS || type.startsWith('threadline.') ? type : `${pkg}.${type}`);

/** Name of a type in the documents: "threadline.acd.v1.Why" is acd.Why; ours need no prefix. */
export const shortName = (full, home) => {
    const [, svc, , name] = full.split('.');
    return svc === home || svc === 'common' ? name : `${svc}.${name}`;
};

/** JSON schema of a field. */
export function fieldSchema(field, types, home, used) {
    let one = SCALARS[field.type];
    if (!one) {
        if (!types.has(field.type)) throw new Error(`no such type: ${field.type}`);
        used.add(field.type);
        one = { $ref: `#/components/schemas/${shortName(field.type, home)}` };
    }
    const text = field.text ? { description: field.text } : {};
    if (field.repeated) return { type: 'array', items: one, ...text };
    return one.$ref && field.text ? { allOf: [one], ...text } : { ...one, ...text };
}

/** JSON schema of a message or an enum; types that it refers to are added to used. */
export function typeSchema(type, types, home, used) {
    const text = type.text ? { description: type.text } : {};
    if (type.kind === 'enum') {
        const notes = type.values.filter((v) => v.text).map((v) => `${v.name}: ${v.text}`).join('; ');
        const all = [type.text, notes].filter(Boolean).join(' ');
        return { type: 'string', enum: type.values.map((v) => v.name), ...(all ? { description: all } : {}) };
    }
    const properties = Object.fromEntries(type.fields.filter((f) => !f.oneof)
        .map((f) => [f.name, fieldSchema(f, types, home, used)]));
    return { type: 'object', ...text, properties };
}

/** The schemas of these types and of everything they refer to, by short name. */
export function closure(roots, types, home) {
    const out = {};
    const used = new Set(roots);
    for (const full of used) out[shortName(full, home)] = typeSchema(types.get(full), types, home, used);
    return Object.fromEntries(Object.entries(out).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A plain value as YAML: blocks for what is nested, JSON for what is not. */
export function yaml(value, indent = '') {
    if (Array.isArray(value)) {
        if (!value.length) return ' []\n';
        return `\n${value.map((v) => {
            const text = yaml(v, `${indent}  `);
            return `${indent}-${text.startsWith('\n') ? ` ${text.slice(1).trimStart()}` : text}`;
        }).join('')}`;
    }
    if (value === null || typeof value !== 'object') return ` ${JSON.stringify(value)}\n`;
    const keys = Object.keys(value);
    if (!keys.length) return ' {}\n';
    return `\n${keys.map((k) => `${indent}${/^[A-Za-z_][\w.-]*$/.test(k) ? k : JSON.stringify(k)}:${yaml(value[k], `${indent}  `)}`).join('')}`;
}
