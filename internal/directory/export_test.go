package directory

// FoldKey is how letter case is taken out of what is compared.
var FoldKey = foldKey

// HashSecret is what is kept of a token's value.
var HashSecret = hashSecret
