// The rows of the fixtures by the npm package: the same code in Node and in a page.

/** For each URL what became of its title and of its text. */
export async function rows(Session, urls) {
  const session = new Session({ limit: 8, limitPerHost: 4, timeout: { headers: 3000 } });
  const results = [];
  for await (const row of session.titles(urls, { ordered: true })) {
    results.push({
      status: row.status ?? null,
      title: row.title ?? null,
      titleSource: row.titleSource ?? null,
      encoding: row.encoding ?? null,
      encodingSource: row.encodingSource ?? null,
      error: outcome(row.error),
      ...(await textOf(session, urls[results.length])),
    });
  }
  return results;
}

async function textOf(session, url) {
  try {
    const response = await session.get(url);
    return { text: await response.text(), textError: null };
  } catch (error) {
    return { text: null, textError: outcome(error) };
  }
}

function outcome(error) {
  return error ? [error.code, error.phase].filter(Boolean).join(' ') : null;
}
