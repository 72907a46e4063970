package remote

import "context"

// BadRow is a row of a batch, from 1, and why it cannot be taken.
type BadRow struct {
	Row    int    `json:"row"`
	Detail string `json:"detail"`
}

// AddBatch hands in a batch of a roll: a line of JSON with its bundle and key, and then
// its rows, a line each.
func (c *Client) AddBatch(ctx context.Context, slug string, body []byte) (*Receipt, error) {
	return receiptOf(c.sendBody(ctx, "/api/v1/publications/"+slug+"/batches", "", "application/jsonl", body))
}
