package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
)

// seal encrypts a text for a purpose, with a random nonce in front.
func seal(key, plain, purpose []byte) []byte {
	aead := sealer(key)
	sealed := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(sealed)
	return aead.Seal(sealed, sealed, plain, purpose)
}

// unseal opens what seal sealed with the same key and purpose.
func unseal(key, sealed, purpose []byte) (plain []byte, ok bool) {
	aead := sealer(key)
	if len(sealed) < aead.NonceSize() {
		return nil, false
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], purpose)
	return plain, err == nil
}

func sealer(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the keyring derives keys of 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for blocks of another size than AES has
	}
	return aead
}
