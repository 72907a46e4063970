package evidence

// PartRecords makes parts of a few records, which tests can write.
func (o Options) PartRecords(n int) Options {
	o.partRecords = n
	return o
}
