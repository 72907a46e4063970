// Programs that make packages. They have a module of their own so that their
// dependencies move none of those that the programs are built from.
module github.com/sijil/sijil/tools

go 1.26.0
